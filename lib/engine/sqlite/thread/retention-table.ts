import type { EngineContext } from '../../port/index.js';
import type { RetentionTable } from './thread-data.js';

/** What the library says of how long, and how many, tasks are kept, as data that goes into a thread. */
export function retentionTable(queues: readonly string[], context: EngineContext): RetentionTable {
  const keptBy = (queue: string) => ({
    failed: context.keepFor(queue, 'failed'),
    cancelled: context.keepFor(queue, 'cancelled'),
    ...(context.keepAtMost && {
      atMost: {
        completed: context.keepAtMost(queue, 'completed'),
        failed: context.keepAtMost(queue, 'failed'),
        cancelled: context.keepAtMost(queue, 'cancelled'),
      },
    }),
  });
  return { queues: new Map(queues.map((queue) => [queue, keptBy(queue)])), others: keptBy('') };
}
