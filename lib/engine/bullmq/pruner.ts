import type { QueueSet } from './queue-set.js';
import type { Registry } from './registry.js';
import { cancelledNotes } from './cancelled.js';
import type { TaskJob } from './stored-job.js';

/** How often cancelled tasks are looked through, in milliseconds. */
export const PRUNE_EVERY_MS = 60_000;
/** Of each queue, at most so many at a time: the longest enqueued first. */
const BATCH = 1_000;

/** Removes cancelled tasks whose retention is over. What completed or failed BullMQ removes by itself. */
export async function pruneCancelled(set: QueueSet, registry: Registry): Promise<void> {
  await registry.refresh(true);
  const now = Date.now();
  for (const queue of await registry.queues()) {
    const jobs: Array<TaskJob | undefined> = await set.cancelledOf(queue).getJobs(['prioritized'], 0, BATCH - 1, true);
    for (const job of jobs) {
      const notes = job && cancelledNotes(job);
      if (notes && notes.keepFor !== null && notes.cancelledAt + notes.keepFor <= now) await job.remove();
    }
  }
}
