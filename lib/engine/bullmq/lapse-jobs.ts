import type { JobsOptions } from 'bullmq';
import { wallTime } from '../../clock/index.js';
import type { TaskTraits } from '../../contract/index.js';
import { nextLapse } from '../common/index.js';
import { LAPSE_QUEUE } from './queue-names.js';
import type { QueueSet } from './queue-set.js';
import type { Registry } from './registry.js';
import type { JobHold } from './steps/step-rows.js';
import type { StoredJob } from './task-job.js';

/** A field of the registry: some task of the store has, or had, a time by which it must have started or ended. */
export const LAPSES_USED = 'lapses';

/** The name of the chore that looks whether tasks have ended that a task has called. */
export const CALLS_CHORE = 'calls';

/** The small delayed jobs by which tasks are ended whose time comes: see `Lapses`, which works on them. */
export class LapseJobs {
  private isNoted = false;

  constructor(
    private readonly set: QueueSet,
    private readonly registry: Registry,
  ) {}

  /**
   * Adds that of a job which is about to be there, or is. Resolves to whether it ever lapses.
   * @param id of the job
   */
  async add(queue: string, id: string, traits: TaskTraits, hasStarted: boolean): Promise<boolean> {
    const at = nextLapse(traits, hasStarted);
    if (at === null) return false;
    const opts = { delay: Math.max(0, at - wallTime()), jobId: `${queue}~${id}~${at}` };
    await this.addChore('lapse', { queue, id }, opts);
    return true;
  }

  /** Adds that of a job which is about to be put aside for tasks that it has called. */
  async addCalls({ queue, id, started }: JobHold, delay: number): Promise<void> {
    await this.addChore(CALLS_CHORE, { queue, id, started }, { delay, jobId: `${queue}~${id}~calls~${started}` });
  }

  private async addChore(name: string, data: StoredJob, opts: JobsOptions): Promise<void> {
    if (!this.isNoted) await this.registry.declare({ [LAPSES_USED]: '1' });
    this.isNoted = true;
    await this.set.queue(LAPSE_QUEUE).add(name, data, opts);
  }
}
