import { hasEnded, type Caller } from '../../../contract/index.js';
import { jobIdsOf } from '../job-ids.js';
import type { QueueSet } from '../queue-set.js';
import type { Registry } from '../registry.js';
import { attemptOf, notesOf } from '../stored-job.js';
import type { TaskJob } from '../task-job.js';
import type { TaskLists } from '../task-lists.js';
import { stepsIn } from './stored-steps.js';
import { suspensionIn } from './suspended-jobs.js';

export interface CallersParts {
  readonly set: QueueSet;
  readonly registry: Registry;
  readonly lists: TaskLists;
}

/**
 * Has tasks go on whose steps wait for other tasks. BullMQ stores no end of one job together with the move of another: whoever
 * ends a task that was called wakes its caller afterwards, and where that does not come about, the look that was noted before
 * the caller was put aside does, see `Lapses.watchCalls`.
 */
export class Callers {
  constructor(private readonly parts: CallersParts) {}

  /** A job has ended, or is gone. Of one that was called anew since, the end of the one before wakes nobody. */
  async tellOfEnd(job: TaskJob): Promise<void> {
    const caller = callerOf(job);
    if (!caller) return;
    const { set, registry } = this.parts;
    for (const queue of await registry.queues()) {
      for (const id of jobIdsOf(caller.task)) {
        if ((await this.isWaiting(queue, id, caller, job)) && (await set.steps.wake(queue, id))) return;
      }
    }
  }

  /** Whether the step that called a job waits for that very one. */
  private async isWaiting(queue: string, id: string, { step, number }: Caller, called: TaskJob): Promise<boolean> {
    const steps = stepsIn(await this.parts.set.steps.read(queue, id));
    return steps.some(({ kind, name, number: which, finishedAt, wait }) => {
      if (kind !== 'call' || name !== step || which !== number || finishedAt !== null) return false;
      return wait?.task !== undefined && jobIdsOf(wait.task).includes(called.id!);
    });
  }

  /**
   * Has a job go on that is put aside for tasks one of which has ended, or is gone.
   * @param started count of the attempts that were begun when it was put aside
   * @returns false where it still waits
   */
  async look(queue: string, id: string, started: number): Promise<boolean> {
    const { set, registry, lists } = this.parts;
    const job: TaskJob | undefined = await set.queue(queue).getJob(id);
    if (job?.attemptsStarted !== started || !suspensionIn(job)) return true;
    await registry.refresh(true);
    for (const { kind, attempt, finishedAt, wait } of stepsIn(await set.steps.read(queue, id))) {
      if (kind !== 'call' || attempt !== attemptOf(job) || finishedAt !== null || !wait?.task) continue;
      const called = await lists.find(wait.task);
      if (called && !hasEnded(called.state)) continue;
      await set.steps.wake(queue, id);
      return true;
    }
    return false;
  }
}

/** The step that called the task which a job is. */
export function callerOf(job: Pick<TaskJob, 'opts'>): Caller | undefined {
  return notesOf(job).traits?.caller;
}
