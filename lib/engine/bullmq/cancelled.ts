import { wallTime } from '../../clock/index.js';
import type { TaskTraits } from '../../contract/index.js';
import type { NewTask } from '../port/index.js';
import type { AttemptRecord } from './attempt-record.js';
import { jobIdOf, taskIdOf } from './job-ids.js';
import { addJobWithSteps } from './add-jobs.js';
import { endUnrun } from './flows/end-unrun.js';
import { isInFlow } from './flows/in-flow.js';
import type { QueueSet } from './queue-set.js';
import { withoutSteps } from './steps/stepped-opts.js';
import { hasTexts } from './steps/stored-steps.js';
import type { TaskJob } from './task-job.js';
import { attemptOf, excusedAttempts, priorityOf, storedPriority, type TaskNotes } from './stored-job.js';

/** Beside the options of the job that was cancelled, as text: Redis gives an empty list back as an object. */
export interface CancelledNotes {
  readonly cancelledAt: number;
  /** Null: kept for ever. */
  readonly keepFor: number | null;
  readonly attemptsStarted: number;
  readonly attemptsMade: number;
  readonly stacktrace: readonly string[];
  readonly logs: readonly string[];
  readonly last: AttemptRecord | null;
}

/**
 * Tasks that were cancelled. BullMQ cannot end a job that waits, so it is put into a queue of its own before it is taken
 * out of its queue: a process that dies in between leaves it in both, and there the queue it came from is right.
 * A task that runs is asked to stop: the note is there for its next attempt, the event for the process that runs it.
 */
export class Cancelled {
  constructor(
    private readonly set: QueueSet,
    private readonly keepFor: (queue: string) => number | null,
  ) {}

  /**
   * @param last the record of the attempt that was cancelled; null where none ran
   * @param more traits that say why nobody but the store cancelled it
   * @param isTaken a worker had taken it, and had not begun
   */
  async keep(
    queue: string,
    job: TaskJob,
    keepFor: number | null | undefined,
    last: AttemptRecord | null,
    more?: TaskTraits,
    isTaken = false,
  ): Promise<void> {
    const logs = await this.set.logOf(queue, job.id!);
    const notes: CancelledNotes = {
      cancelledAt: wallTime(),
      keepFor: keepFor === undefined ? this.keepFor(queue) : keepFor,
      attemptsStarted: attemptOf(job) - (isTaken ? 1 : 0),
      attemptsMade: attemptOf(job) - excusedAttempts(job, last !== null) - (last ? 1 : 0),
      stacktrace: job.stacktrace ?? [],
      logs,
      last,
    };
    const { delay: _delay, ...given } = alone(more ? withTraits(job.opts, more) : job.opts);
    const id = cancelledId(job);
    const { name, timestamp } = job;
    const opts = { ...given, priority: storedPriority(priorityOf(job)), jobId: id, cancelled: JSON.stringify(notes) };
    const cancelled = this.set.cancelledOf(queue);
    const texts = await this.set.steps.read(queue, job.id!);
    if (hasTexts(texts)) {
      await addJobWithSteps(
        this.set,
        cancelled.name,
        { id, name, timestamp, data: JSON.stringify(job.data), opts },
        texts,
      );
    } else await cancelled.add(name, job.data, { ...opts, timestamp });
    await this.unask(job.id!);
  }

  /**
   * Cancels a job that waits.
   *
   * @param more as for {@link keep}
   * @throws where a worker has taken it meanwhile: nothing has changed then
   */
  async cancelWaiting(queue: string, job: TaskJob, more?: TaskTraits): Promise<void> {
    await this.keep(queue, job, undefined, null, more);
    try {
      if (isInFlow(job)) await endUnrun(this.set, queue, job);
      else await this.set.remove(queue, job);
    } catch (error) {
      await this.set.cancelledOf(queue).remove(cancelledId(job));
      throw error;
    }
  }

  /** Takes back what was asked of a task that ended otherwise. */
  async unask(id: string): Promise<void> {
    await this.set.own.backend.removeQueueMetaFields([noteOf(id)]);
  }

  async ask(id: string): Promise<void> {
    await this.set.own.backend.setQueueMeta({ [noteOf(id)]: wallTime() });
    await this.set.publish({ event: 'cancel', id });
  }

  isAsked(id: string): Promise<boolean> {
    return this.set.own.backend.hasQueueMetaField(noteOf(id));
  }
}

/**
 * Those of `tasks` that are not among the cancelled ones of the queue.
 * @param mayBe those that are looked up; all, if left out
 */
export async function withoutCancelled<T extends NewTask>(
  set: QueueSet,
  queue: string,
  tasks: readonly T[],
  mayBe: (task: T) => boolean = () => true,
): Promise<readonly T[]> {
  const cancelled = set.cancelledOf(queue);
  if ((await cancelled.count()) === 0) return tasks;
  const states = await Promise.all(
    tasks.map(async (task) => (mayBe(task) ? cancelled.getJobState(jobIdOf(task.id)) : 'unknown')),
  );
  return tasks.filter((_, index) => states[index] === 'unknown');
}

export function cancelledNotes({ opts }: TaskJob): CancelledNotes | null {
  const { cancelled } = opts as { cancelled?: string };
  return cancelled === undefined ? null : (JSON.parse(cancelled) as CancelledNotes);
}

/** Among the cancelled ones: other code may have added it under an id that BullMQ gives, and does not take. */
export function cancelledId({ id }: Pick<TaskJob, 'id'>): string {
  return jobIdOf(taskIdOf(id!));
}

function withTraits(opts: TaskJob['opts'], more: TaskTraits): TaskJob['opts'] {
  const { task } = opts as { task?: TaskNotes };
  return { ...opts, task: { ...task, traits: { ...task?.traits, ...more } } } as TaskJob['opts'];
}

/** Without what binds it to others. */
function alone(opts: TaskJob['opts']): TaskJob['opts'] {
  const { ignoreDependencyOnFailure: _ignore, ...others } = withoutSteps(opts);
  return others;
}

function noteOf(id: string): string {
  return `cancel:${id}`;
}
