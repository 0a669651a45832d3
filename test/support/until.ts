import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 25_000;
const PAUSE_MS = 10;

/**
 * Asks again and again until `probe` gives something else than undefined, false or null.
 * @param what is awaited, for the message when it does not come
 * @param patience milliseconds
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  patience = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + patience;
  let last: unknown;
  while (performance.now() < deadline) {
    const found = await probe();
    if (found) return found;
    last = found;
    await sleep(PAUSE_MS);
  }
  throw new Error(`Waited ${patience / 1_000} s in vain for ${what}; last answer: ${String(last)}`);
}
