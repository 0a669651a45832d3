import { monotonicTime, sleep } from '../clock/index.js';

/** Longer than a process takes that makes the tables, or goes over a log after a crash, on a machine that is busy. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 5;

/**
 * Tries until a SQLite file is not locked by somebody else. An app's own patience is meant for its requests, and may be
 * none: processes that boot together would end by it.
 * @param isOver once nobody waits for it any more
 */
export async function whileLocked<T>(attempt: () => Promise<T>, isOver: () => boolean): Promise<T> {
  const deadline = monotonicTime() + PATIENCE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isLocked(error) || isOver() || monotonicTime() > deadline) throw error;
      await sleep(PAUSE_MS * (0.5 + Math.random()));
    }
  }
}

/** Whether SQLite says so, in whatever it was wrapped. */
export function isLocked(error: unknown): boolean {
  const { code, driverError, cause } = error as { code?: unknown; driverError?: unknown; cause?: unknown };
  if (typeof code === 'string' && code.startsWith('SQLITE_BUSY')) return true;
  const inner = driverError ?? cause;
  return inner instanceof Error && isLocked(inner);
}
