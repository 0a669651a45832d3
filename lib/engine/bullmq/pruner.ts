import { wallTime } from '../../clock/index.js';
import type { EngineContext } from '../port/index.js';
import type { QueueSet } from './queue-set.js';
import type { Registry } from './registry.js';
import { cancelledNotes } from './cancelled.js';

/** How often cancelled tasks are looked through, in milliseconds. */
export const PRUNE_EVERY_MS = 60_000;
/** Tasks of one queue that are pruned at a time, at most: the longest enqueued first. */
const BATCH = 1_000;

/** Removes cancelled tasks whose retention is over. What completed or failed BullMQ removes by itself. */
export async function pruneCancelled(
  set: QueueSet,
  registry: Registry,
  keepAtMost?: EngineContext['keepAtMost'],
): Promise<void> {
  await registry.refresh(true);
  const now = wallTime();
  for (const queue of await registry.queues()) {
    const atMost = keepAtMost?.(queue, 'cancelled') ?? null;
    let excess = atMost === null ? 0 : (await set.cancelledOf(queue).count()) - atMost;
    const cancelled = set.cancelledOf(queue);
    const ids = await cancelled.getRanges(['prioritized'], 0, BATCH - 1, true);
    for await (const job of set.jobs.found(cancelled.name, ids, 'facts')) {
      const notes = cancelledNotes(job);
      if (!notes) continue;
      const isOver = notes.keepFor !== null && notes.cancelledAt + notes.keepFor <= now;
      if (!isOver && excess <= 0) continue;
      await job.remove();
      excess -= 1;
    }
  }
}
