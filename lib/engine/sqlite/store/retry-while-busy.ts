import { monotonicTime, sleep } from '../../../clock/index.js';
import { isBusy } from './sqlite-errors.js';

/** How long opening or reading waits for another process that holds the file: it migrates it, or recovers it after a crash. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 5;

/** Tries until the file is not locked by somebody else, leaving the event loop free between attempts. */
export async function patiently<T>(attempt: () => T | Promise<T>): Promise<T> {
  const deadline = monotonicTime() + PATIENCE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || monotonicTime() > deadline) throw error;
      await sleep(RETRY_MS * (0.5 + Math.random()));
    }
  }
}
