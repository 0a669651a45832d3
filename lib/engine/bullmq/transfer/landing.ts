import { randomUUID } from 'node:crypto';
import { StoreError } from '../../../contract/index.js';
import type { QueueSet } from '../queue-set.js';
import type { TaskJob } from '../task-job.js';
import { isLanding } from './carried.js';
import { land } from './land.js';

/** Jobs that are fetched and failed side by side. */
const LANES = 8;
/** After a crash in between, the next move waits for so long until it may take the job again, in milliseconds. */
const LOCK_MS = 5_000;

/** Puts the failed tasks of one queue among its failed ones: BullMQ adds no job as failed, so each is fetched and fails. */
export class Landing {
  private readonly worker: ReturnType<QueueSet['worker']>;

  constructor(
    private readonly set: QueueSet,
    private readonly queue: string,
  ) {
    this.worker = set.worker(queue, () => Promise.resolve(), { autorun: false, lockDuration: LOCK_MS });
  }

  /**
   * Lands those that were added. They are at priority 0, and so fetched before all others.
   * @throws StoreError where jobs of other code are at priority 0 too: those would be fetched with them
   */
  async landAll(): Promise<void> {
    await this.worker.waitUntilReady();
    const waiting: Array<TaskJob | undefined> = await this.set.queue(this.queue).getJobs(['waiting'], 0, -1, true);
    const jobs = waiting.filter((job) => job !== undefined);
    const foreign = jobs.find((job) => !isLanding(job));
    if (foreign) throw this.foreignJob(foreign);
    let left = jobs.length;
    const lane = async (): Promise<void> => {
      const token = randomUUID();
      while (left > 0) {
        left -= 1;
        await this.landNext(token);
      }
    };
    await Promise.all(Array.from({ length: Math.min(LANES, left) }, lane));
  }

  async close(): Promise<void> {
    await this.set.end(this.worker);
  }

  private async landNext(token: string): Promise<void> {
    const job = (await this.worker.getNextJob(token, { block: false })) as TaskJob | undefined;
    if (!job) throw new StoreError(`Queue "${this.queue}" gives no task: it was paused, or somebody else works on it.`);
    if (isLanding(job)) return land(job, token);
    await job.moveToWait(token);
    throw this.foreignJob(job);
  }

  private foreignJob({ id }: TaskJob): StoreError {
    return new StoreError(
      `Queue "${this.queue}" holds jobs that other code added, such as "${id}", and BullMQ would give them out together ` +
        'with the failed tasks that are to be put there. Let them run, or remove them, first.',
    );
  }
}
