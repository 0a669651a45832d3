import { randomBytes } from 'node:crypto';
import { StoreError, TasksError } from '../../contract/index.js';
import type { EnqueueAnswer, NewTask } from '../port/index.js';
import { addJobs } from './add-jobs.js';
import { byQueue } from './by-queue.js';
import { withoutCancelled } from './cancelled.js';
import type { EventWatch } from './event-watch.js';
import { idsElsewhere } from './ids-elsewhere.js';
import { jobIdOf } from './job-ids.js';
import type { Lapses } from './lapses.js';
import type { LocalConsumers } from './local-consumers.js';
import type { QueueSet } from './queue-set.js';
import type { Registry } from './registry.js';
import { toJob } from './stored-job.js';

const NONE: readonly string[] = [];

/**
 * Adds tasks to their queues, and says so to whoever is concerned.
 *
 * BullMQ leaves a job alone whose id is there, and does not tell. A job whose id may be there already is therefore marked
 * with the call that adds it, and read afterwards: the mark of another call says that it was there. What was made for
 * this call costs no such question.
 */
export class TaskAdder {
  constructor(
    private readonly set: QueueSet,
    private readonly registry: Registry,
    private readonly watch: EventWatch,
    private readonly consumers: LocalConsumers,
    private readonly lapses: Lapses,
  ) {}

  /**
   * Resolves to what became of each.
   * @throws StoreError, or InvalidArgumentError for a queue that there cannot be: nothing is stored then
   */
  async add(tasks: readonly NewTask[]): Promise<readonly EnqueueAnswer[]> {
    const firsts = firstOfEachId(tasks);
    const groups = byQueue(firsts);
    const existing = new Set<string>();
    try {
      // Nothing is waited for that need not be: this is done for every task.
      if (!this.registry.knowsQueues(groups.keys())) await this.registry.noteQueues(groups.keys());
      for (const [queue, given] of groups) for (const id of await this.addTo(queue, given)) existing.add(id);
    } catch (error) {
      if (error instanceof TasksError) throw error;
      throw new StoreError(`Tasks could not be stored: ${this.set.server.describe(error)}`, { cause: error });
    }
    const stored = new Set(firsts.filter(({ id }) => !existing.has(id)));
    // The first of an id is the one that was added.
    return tasks.map((task) => (stored.delete(task) ? 'stored' : 'existing'));
  }

  /** Resolves to the ids that were there already. */
  private async addTo(queue: string, given: readonly NewTask[]): Promise<readonly string[]> {
    const existing = given.some(({ mayExist }) => mayExist)
      ? await this.addAndLook(queue, given)
      : await this.addFresh(queue, given);
    const added = existing.length === 0 ? given : given.filter(({ id }) => !existing.includes(id));
    for (const task of given) this.consumers.noteChild(task, existing.includes(task.id) ? 'existing' : 'stored');
    if (added.length > 0) this.watch.announce(queue, ...added.map(({ id }) => id));
    return existing;
  }

  private async addFresh(queue: string, given: readonly NewTask[]): Promise<readonly string[]> {
    const jobs = given.map((task) => toJob(task));
    await addJobs(this.set, queue, jobs, await this.lapses.jobsOf(queue, given));
    return NONE;
  }

  private async addAndLook(queue: string, given: readonly NewTask[]): Promise<readonly string[]> {
    const call = randomBytes(9).toString('base64url');
    const elsewhere = await idsElsewhere(this.set, this.registry, queue, given);
    const here = elsewhere.size > 0 ? given.filter(({ id }) => !elsewhere.has(id)) : given;
    const own = await withoutCancelled(this.set, queue, here, ({ mayExist = false }) => mayExist);
    if (own.length > 0) {
      const jobs = own.map((task) => toJob(task, task.mayExist ? call : undefined));
      await addJobs(this.set, queue, jobs, await this.lapses.jobsOf(queue, own));
    }
    const asked = own.filter(({ mayExist }) => mayExist).map(({ id }) => id);
    const calls = await this.set.raw.callsOf(queue, asked.map(jobIdOf));
    // One that is gone by now has run to its end, or was deleted, since this call added it.
    const isOfAnother = (id: string): boolean => {
      const jobId = jobIdOf(id);
      return calls.has(jobId) && calls.get(jobId) !== call;
    };
    const there = given.filter((task) => !own.includes(task)).map(({ id }) => id);
    return [...there, ...asked.filter(isOfAnother)];
  }
}

function firstOfEachId(tasks: readonly NewTask[]): readonly NewTask[] {
  if (tasks.length < 2) return tasks;
  const firsts = new Map<string, NewTask>();
  for (const task of tasks) if (!firsts.has(task.id)) firsts.set(task.id, task);
  return firsts.size === tasks.length ? tasks : [...firsts.values()];
}
