const MIN_MS = 1_000;
const MAX_MS = 10 * 60_000;

/**
 * How long a task that nobody here has a handler for stays away from all workers, in whole milliseconds: a quarter of the
 * time that it has waited for one. In a deploy that is a moment; a name that nobody knows costs next to nothing in the long run.
 *
 * @param waited since the task was first left to others
 */
export function holdOff(waited: number): number {
  return Math.min(MAX_MS, Math.max(MIN_MS, Math.round(waited / 4)));
}
