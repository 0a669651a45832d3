import type { TaskTraits } from '../../contract/index.js';

/** A task to store. `state` follows from `runAt`: `scheduled` when it is in the future, else `available`. */
export interface NewTask {
  readonly id: string;
  /**
   * A task of this id may be stored already: the id is somebody's own, or the task is handed over again. Where it was made
   * for this one call, no engine need look.
   * @default false
   */
  readonly mayExist?: boolean;
  readonly queue: string;
  readonly name: string;
  /** JSON text. */
  readonly params: string;
  readonly priority: number;
  readonly runAt: number;
  readonly createdAt: number;
  /** Null where this process does not know the handler: the first attempt decides. */
  readonly maxAttempts: number | null;
  /** Settings given for this one task, as JSON text; null where there were none. */
  readonly settings: string | null;
  /** Paths in params that must never be shown, as `user.password` or `cards[].number`; empty where there are none. */
  readonly sensitive: readonly string[];
  /** The task whose handler enqueued it. */
  readonly parentId?: string | null;
  /** What few tasks have; absent where this one has none of it. */
  readonly traits?: TaskTraits;
}
