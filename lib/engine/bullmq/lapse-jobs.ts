import { wallTime } from '../../clock/index.js';
import type { TaskTraits } from '../../contract/index.js';
import { nextLapse } from '../common/index.js';
import { LAPSE_QUEUE } from './queue-names.js';
import type { QueueSet } from './queue-set.js';
import type { Registry } from './registry.js';

/** A field of the registry: some task of the store has, or had, a time by which it must have started or ended. */
export const LAPSES_USED = 'lapses';

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
    if (!this.isNoted) await this.registry.declare({ [LAPSES_USED]: '1' });
    this.isNoted = true;
    const opts = { delay: Math.max(0, at - wallTime()), jobId: `${queue}~${id}~${at}` };
    await this.set.queue(LAPSE_QUEUE).add('lapse', { queue, id }, opts);
    return true;
  }
}
