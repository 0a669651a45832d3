import { noTasks, type QueueDepth } from '../../contract/index.js';
import type { QueueSet } from './queue-set.js';
import { stateOf } from './job-view.js';
import type { TaskJob } from './task-job.js';

/** Delayed jobs that are looked at to tell those that were tried before from those that were never due. */
const MAX_LOOKED_AT = 1_000;

/**
 * How much stands in a queue. BullMQ counts what is delayed as one: of those that are due first, up to
 * {@link MAX_LOOKED_AT}, the ones that were tried before are counted as retryable or suspended, all others as scheduled.
 */
export async function queueDepth(set: QueueSet, name: string): Promise<QueueDepth> {
  const queue = set.queue(name);
  const [counts, cancelled, paused, oldest] = await Promise.all([
    queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'waiting-children', 'completed', 'failed'),
    set.cancelledOf(name).getJobCounts('prioritized', 'waiting'),
    queue.isPaused(),
    queue.getRanges(['waiting', 'prioritized'], 0, 0, true),
  ]);
  const delayed = counts.delayed ?? 0;
  const first = delayed === 0 ? [] : await queue.getRanges(['delayed'], 0, MAX_LOOKED_AT - 1, true);
  let retryable = 0;
  let suspended = 0;
  for await (const job of set.jobs.found(name, first, 'facts')) {
    const state = stateOf('delayed', job);
    if (state === 'retryable') retryable += 1;
    if (state === 'suspended') suspended += 1;
  }
  let next: TaskJob | undefined;
  for await (const job of set.jobs.found(name, oldest, 'facts')) next ??= job;
  return {
    queue: name,
    counts: {
      ...noTasks(),
      blocked: counts['waiting-children'] ?? 0,
      scheduled: delayed - retryable - suspended,
      available: (counts.waiting ?? 0) + (counts.prioritized ?? 0),
      held: 0,
      running: counts.active ?? 0,
      retryable,
      suspended,
      completed: counts.completed ?? 0,
      failed: counts.failed ?? 0,
      cancelled: (cancelled.prioritized ?? 0) + (cancelled.waiting ?? 0),
    },
    paused,
    oldestAvailableAt: next ? next.timestamp + next.delay : null,
  };
}
