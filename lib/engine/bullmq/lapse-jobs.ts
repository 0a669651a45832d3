import { wallTime } from '../../clock/index.js';
import type { TaskTraits } from '../../contract/index.js';
import { nextLapse } from '../common/index.js';
import { LAPSE_QUEUE } from './queue-names.js';
import type { QueueSet } from './queue-set.js';
import type { Registry } from './registry.js';
import type { JobHold } from './steps/step-rows.js';
import type { NewJob } from './task-job.js';

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
   * Those of jobs which are about to be there, or are, and lapse at some time; the caller adds them.
   * @param ids of the jobs, with what they lapse by and whether they have started
   */
  async of(
    queue: string,
    ids: Iterable<readonly [id: string, traits: TaskTraits | undefined, hasStarted: boolean]>,
  ): Promise<NewJob[]> {
    const now = wallTime();
    const jobs: NewJob[] = [];
    for (const [id, traits, hasStarted] of ids) {
      const at = traits ? nextLapse(traits, hasStarted) : null;
      if (at === null) continue;
      const opts = { delay: Math.max(0, at - now), attempts: 0 };
      jobs.push({
        id: `${queue}~${id}~${at}`,
        name: 'lapse',
        data: JSON.stringify({ queue, id }),
        opts,
        timestamp: now,
      });
    }
    if (jobs.length > 0) await this.noteUse();
    return jobs;
  }

  /** Adds that of a job which is about to be put aside for tasks that it has called. */
  async addCalls({ queue, id, started }: JobHold, delay: number): Promise<void> {
    await this.noteUse();
    const opts = { delay, jobId: `${queue}~${id}~calls~${started}` };
    await this.set.queue(LAPSE_QUEUE).add(CALLS_CHORE, { queue, id, started }, opts);
  }

  private async noteUse(): Promise<void> {
    if (!this.isNoted) await this.registry.declare({ [LAPSES_USED]: '1' });
    this.isNoted = true;
  }
}
