import type { QueueSet } from '../queue-set.js';
import type { TaskJob } from '../task-job.js';
import { cancelledValue } from './child-ends.js';

/** How long a job that is taken to be ended is kept from being taken for one whose worker is dead. */
const LOCK_MS = 30_000;

/**
 * Ends a job of a workflow that waits, and has been kept among the cancelled ones: it is taken as a worker would, and completed
 * with a value that says so. One that was removed would leave no mark in the job that waits for it.
 *
 * @throws where it does not wait: nothing has changed then
 */
export async function endUnrun(set: QueueSet, queue: string, job: TaskJob): Promise<void> {
  const token = `cancel:${job.id}`;
  if (!(await set.waiting.seize(queue, job.id!, token, LOCK_MS))) throw new Error(`Task "${job.id}" does not wait.`);
  job.opts.removeOnComplete = true;
  await job.moveToCompleted(cancelledValue(job), token, false);
}
