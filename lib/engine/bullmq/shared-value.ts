import type { QueueSet } from './queue-set.js';
import type { TaskQueue } from './task-job.js';

/** A queue beside the library's own, which nobody works on: the data of each of its jobs is a value. */
const QUEUE_SUFFIX = '~secrets';
const JOB = 'secret';

/** The values that processes of a store share, by their names. */
export async function sharedValues(set: QueueSet): Promise<ReadonlyMap<string, string>> {
  const jobs = await queueOf(set).getJobs(['waiting']);
  return new Map(jobs.map(({ id, data }) => [id!, valueOf(data)]));
}

/** A value that all processes of a store share, kept under `name`: of several that propose one at once, the first decides. */
export async function sharedValue(set: QueueSet, name: string, proposed: string): Promise<string> {
  const queue = queueOf(set);
  // A job that is there is left as it is.
  const job = (await queue.getJob(name)) ?? (await add());
  return valueOf(job.data);

  async function add() {
    await queue.add(JOB, { value: proposed }, { jobId: name });
    return (await queue.getJob(name))!;
  }
}

function queueOf(set: QueueSet): TaskQueue {
  return set.queue(`${set.own.name}${QUEUE_SUFFIX}`);
}

function valueOf(data: unknown): string {
  return (data as { readonly value: string }).value;
}
