import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 25_000;
const PAUSE_MS = 10;

/**
 * Asks again and again until `probe` resolves to something else than undefined, false or null.
 * @param what is awaited, for the message when it does not come
 */
export async function until<T>(what: string, probe: () => Promise<T | undefined | null | false>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  let last: unknown;
  while (performance.now() < deadline) {
    const found = await probe();
    if (found) return found;
    last = found;
    await sleep(PAUSE_MS);
  }
  throw new Error(`Waited ${PATIENCE_MS / 1_000} s in vain for ${what}; last answer: ${String(last)}`);
}
