import { tellsTime } from '../common/index.js';
import type { NewTask } from '../port/index.js';
import { withoutCancelled } from './cancelled.js';
import { jobIdOf } from './job-ids.js';
import type { QueueSet } from './queue-set.js';
import type { Registry } from './registry.js';

/**
 * The ids of `tasks` that an app gave and that a task of another queue has. BullMQ knows jobs by queue, so that each queue
 * of the store is asked. Two calls at the same moment that name two queues may both find nothing.
 */
export async function idsElsewhere(
  set: QueueSet,
  registry: Registry,
  queue: string,
  tasks: readonly NewTask[],
): Promise<ReadonlySet<string>> {
  // One that was made when its task was enqueued was made for that task, and for its queue.
  const given = tasks.filter(({ id, mayExist, createdAt }) => mayExist && !tellsTime(id, createdAt));
  if (given.length === 0) return new Set();
  // Another process may have noted a queue just now.
  await registry.refresh(true);
  const others = (await registry.queues()).filter((other) => other !== queue);
  const found = await Promise.all(others.map((other) => idsIn(set, other, given)));
  return new Set(found.flat());
}

async function idsIn(set: QueueSet, queue: string, tasks: readonly NewTask[]): Promise<string[]> {
  const ids = tasks.map(({ id }) => jobIdOf(id));
  const [calls, left] = await Promise.all([set.raw.callsOf(queue, ids), withoutCancelled(set, queue, tasks)]);
  return tasks.filter((task, index) => calls.has(ids[index]!) || !left.includes(task)).map(({ id }) => id);
}
