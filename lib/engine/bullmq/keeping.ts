import type { KeepJobs } from 'bullmq';
import type { EngineContext } from '../port/index.js';

/**
 * How long BullMQ keeps a job that ends now, and how many of its kind: the value of `removeOnComplete` or `removeOnFail`.
 * BullMQ applies it to all of the queue that ended alike, so that each end says it anew.
 *
 * @param keepFor milliseconds; null: for ever
 */
export function keeping(
  queue: string,
  state: 'completed' | 'failed',
  keepFor: number | null,
  keepAtMost: EngineContext['keepAtMost'],
): boolean | KeepJobs {
  const count = keepAtMost?.(queue, state) ?? undefined;
  if (keepFor === 0 || count === 0) return true;
  if (keepFor !== null) return { age: Math.ceil(keepFor / 1_000), ...(count !== undefined && { count }) };
  return count === undefined ? false : { count };
}
