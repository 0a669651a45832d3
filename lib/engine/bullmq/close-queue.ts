import type { QueueSet } from './queue-set.js';

/** More than can start in a millisecond. */
const NO_LIMIT = 1_000_000_000;

/**
 * Nothing of a queue is fetched for so many milliseconds, by any process.
 * @param isLimited whether it has a rate limit: a queue without any is not looked at for one
 */
export async function closeQueue(set: QueueSet, name: string, isLimited: boolean, delay: number): Promise<void> {
  const queue = set.queue(name);
  if (!isLimited) await queue.setGlobalRateLimit(NO_LIMIT, 1);
  await queue.rateLimit(delay);
}
