/** A change that names so many tasks may be about more. */
export const MAX_CHANGED_IDS = 200;

/** Something that changed, for whoever shows it live. `queue` is null where it is not known (another process did it). */
export interface EngineChange {
  readonly queue: string | null;
  readonly taskIds: readonly string[];
}
