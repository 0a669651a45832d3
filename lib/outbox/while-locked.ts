import { whileBusy } from '../engine/common/index.js';

/**
 * Tries until a SQLite file is not locked by somebody else. An app's own patience is meant for its requests, and may be
 * none: processes that boot together would end by it.
 * @param isOver once nobody waits for it any more
 */
export function whileLocked<T>(attempt: () => Promise<T>, isOver: () => boolean): Promise<T> {
  return whileBusy(attempt, isLocked, isOver);
}

/** Whether SQLite says so, in whatever it was wrapped. */
export function isLocked(error: unknown): boolean {
  const { code, driverError, cause } = error as { code?: unknown; driverError?: unknown; cause?: unknown };
  if (typeof code === 'string' && code.startsWith('SQLITE_BUSY')) return true;
  const inner = driverError ?? cause;
  return inner instanceof Error && isLocked(inner);
}
