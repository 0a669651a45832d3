import type { QueueSet } from './queue-set.js';
import type { NewJob, TaskJobJson } from './stored-job.js';

/** Jobs in one write: Redis stores them while the next ones are made ready. */
const WRITTEN_TOGETHER = 100;

/**
 * Adds jobs to a queue, in their order; a job whose id is there already is left as it is. On PostgreSQL all or none, on
 * Redis as far as it came, as with BullMQ's own `addBulk`. That one makes an object of its own for each job, checks it
 * and writes it as text; these are text already, so they go to the store directly.
 */
export async function addJobs(set: QueueSet, queue: string, jobs: readonly NewJob[]): Promise<void> {
  const { backend } = set.queue(queue);
  if (jobs.length === 1) {
    await backend.addJob(jobs[0] as TaskJobJson, jobs[0]!.id);
    return;
  }
  const size = set.addsInOneStep ? jobs.length : WRITTEN_TOGETHER;
  const added: Array<Promise<unknown>> = [];
  for (let start = 0; start < jobs.length; start += size) {
    added.push(
      backend.addJobs(jobs.slice(start, start + size).map((job) => ({ job: job as TaskJobJson, jobId: job.id }))),
    );
  }
  await Promise.all(added);
}
