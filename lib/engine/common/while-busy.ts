import { monotonicTime, sleep } from '../../clock/index.js';

/** Longer than a process holds a SQLite file that makes its tables, migrates it, or recovers it after a crash. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 5;

/**
 * Tries until a file is not locked by somebody else, leaving the event loop free between attempts.
 *
 * @param isBusy tells whether an attempt failed by a lock that will be free again
 * @param isOver once nobody waits for it any more. Default: somebody does until the end.
 */
export async function whileBusy<T>(
  attempt: () => T | Promise<T>,
  isBusy: (error: unknown) => boolean,
  isOver: () => boolean = () => false,
): Promise<T> {
  const deadline = monotonicTime() + PATIENCE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || isOver() || monotonicTime() > deadline) throw error;
      await sleep(RETRY_MS * (0.5 + Math.random()));
    }
  }
}
