import type { IQueueBackend } from 'bullmq';
import { optsOf } from './patches/postgres-steps.js';
import { answersOf } from './patches/redis-answers.js';
import { fieldsOf } from './patches/redis-steps.js';
import { LAPSE_QUEUE } from './queue-names.js';
import type { QueueSet } from './queue-set.js';
import type { StepTexts } from './steps/stored-steps.js';
import type { NewJob, TaskJobJson } from './task-job.js';

/**
 * Adds jobs to a queue, in their order, all or none; a job whose id is there already is left as it is. BullMQ's own
 * `addBulk` makes an object of its own for each job, checks it and writes it as text; these are text already, so they go to
 * the store directly. On Redis it also stores as many as it came to when memory ran full: here they are one transaction,
 * which Redis refuses before it begins, or carries out to its end.
 * @param before small jobs by which these lapse, added before them: on Redis in the same transaction, so that what is
 *   refused leaves none of them
 */
export async function addJobs(
  set: QueueSet,
  queue: string,
  jobs: readonly NewJob[],
  before: readonly NewJob[] = [],
): Promise<void> {
  const { backend } = set.queue(queue);
  if (jobs.length === 1 && before.length === 0) {
    await backend.addJob(jobs[0] as TaskJobJson, jobs[0]!.id);
    return;
  }
  if (set.addsInOneStep) {
    if (before.length > 0) await set.queue(LAPSE_QUEUE).backend.addJobs(before.map(entryOf));
    if (jobs.length > 0) await backend.addJobs(jobs.map(entryOf));
    return;
  }
  const transaction = (await backend.client).multi();
  // Noted within the call; what it resolves to is the transaction's.
  for (const job of before) {
    void set.queue(LAPSE_QUEUE).backend.addJobToTransaction(transaction, job as TaskJobJson, job.id);
  }
  for (const job of jobs) void backend.addJobToTransaction(transaction, job as TaskJobJson, job.id);
  for (const [error] of await answersOf(transaction)) if (error) throw error;
}

function entryOf(job: NewJob): Parameters<IQueueBackend['addJobs']>[0][number] {
  return { job: job as TaskJobJson, jobId: job.id };
}

/** Adds a job with what is on record of its steps, in one step: whoever is handed it has them. */
export async function addJobWithSteps(set: QueueSet, queue: string, job: NewJob, texts: StepTexts): Promise<void> {
  const from = set.queue(queue);
  const stepped = { ...job, opts: { ...job.opts, stepped: true } as NewJob['opts'] };
  if (set.addsInOneStep) {
    const opts = { ...stepped.opts, ...optsOf(texts) } as NewJob['opts'];
    await from.backend.addJob({ ...stepped, opts } as TaskJobJson, job.id);
    return;
  }
  const transaction = (await from.backend.client).multi();
  void from.backend.addJobToTransaction(transaction, stepped as TaskJobJson, job.id);
  transaction.hset(from.toKey(job.id), fieldsOf(texts));
  for (const [error] of await answersOf(transaction)) if (error) throw error;
}
