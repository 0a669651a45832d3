import type { QueueSet } from './queue-set.js';
import type { TaskQueue } from './task-job.js';

type Type = Parameters<TaskQueue['getRanges']>[0] extends infer Types | undefined
  ? Types extends ReadonlyArray<infer One>
    ? One
    : never
  : never;

/**
 * Ids of the jobs in one of BullMQ's lists, from either end. On PostgreSQL it gives those that wait for children from one end
 * alone.
 *
 * @param count Infinity: all from `offset` on
 */
export async function jobRange(
  set: QueueSet,
  queue: TaskQueue,
  type: Type,
  { offset, count, oldestFirst }: { readonly offset: number; readonly count: number; readonly oldestFirst: boolean },
): Promise<string[]> {
  const last = offset + count - 1;
  if (set.keepsOrder || type !== 'waiting-children' || oldestFirst) {
    return queue.getRanges([type], offset, count === Infinity ? -1 : last, oldestFirst);
  }
  const total = await queue.getJobCountByTypes(type);
  if (offset >= total) return [];
  const ids = await queue.getRanges([type], Math.max(0, total - 1 - last), total - 1 - offset, true);
  return ids.toReversed();
}
