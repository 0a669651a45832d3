import { wallTime } from '../../clock/index.js';
import type { DeliveredTask, Delivery, EnqueueAnswer, NewTask, Outcome, RunTask } from '../port/index.js';
import { type ChildTask, MAX_CHILDREN_LISTED, type TaskAbortedError, type TaskProgress } from '../../contract/index.js';
import type { JobHold } from './steps/step-rows.js';
import { taskIdOf } from './job-ids.js';
import type { TaskJob } from './task-job.js';
import { attemptOf, excusedAttempts, notesOf, paramsOf, priorityOf, runAtOf } from './stored-job.js';

/** One row of a job's log, as JSON. */
export interface LogRow {
  readonly at: number;
  readonly attempt: number;
  readonly message: string;
}

/** What became of a task that was enqueued: BullMQ's engine has no keys that another may hold. */
export type StoredAs = Extract<EnqueueAnswer, string>;

/** Stands beside the log rows, as BullMQ has no place for it: what the handler enqueued. */
export interface ChildRow {
  readonly child: Pick<ChildTask, 'id' | 'name' | 'queue'>;
}

/** The parts that all jobs of a queue share. */
export interface RunningJobParts {
  report(error: Error): void;
  /** BullMQ has events of progress, and none of a log. */
  tellOfLog(jobId: string): Promise<void>;
}

/** A job in this process's hands. Reports are sent one after the other, progress only in its last value. */
export class RunningJob implements Delivery {
  aborted: TaskAbortedError | null = null;
  onAbort: Delivery['onAbort'] = null;
  readonly task: DeliveredTask;
  readonly startedAt: number;
  private givenUp = false;
  private onEnd: ((outcome: Outcome | 'given-up') => void) | null = null;
  private waiting: TaskProgress | null = null;
  private sending: Promise<void> | null = null;
  private unsent = 0;
  /** How many tasks of either kind are noted that its handler enqueued: new ones, and such as were there already. */
  private readonly noted = { stored: 0, existing: 0 };

  constructor(
    readonly job: TaskJob,
    readonly token: string,
    queue: string,
    private readonly parts: RunningJobParts,
  ) {
    this.startedAt = job.processedOn ?? wallTime();
    const notes = notesOf(job);
    const { maxAttempts, settings, sensitive, parentId, traits } = notes;
    const task = {
      id: taskIdOf(job.id!),
      queue,
      name: job.name,
      params: paramsOf(job),
      priority: priorityOf(job),
      createdAt: job.timestamp,
      maxAttempts,
      settings,
      sensitive,
      runAt: runAtOf(job, notes),
      attempt: attemptOf(job),
      excusedAttempts: excusedAttempts(job, true),
    };
    this.task = {
      ...task,
      ...(parentId !== undefined && { parentId }),
      ...(traits && { traits }),
    };
  }

  /** Under which the attempt records its steps. */
  get hold(): JobHold {
    const { job, token, task } = this;
    return { queue: task.queue, id: job.id!, token, started: job.attemptsStarted };
  }

  /** It was asked to stop for good. */
  get isCancelled(): boolean {
    return this.aborted?.reason === 'cancelled';
  }

  /**
   * Hands it to `run`.
   * @param onEnd is called once, with how it ended, or `given-up` where {@link giveUp} comes first
   */
  run(run: RunTask, onEnd: (outcome: Outcome | 'given-up') => void, onError: (error: unknown) => void): void {
    this.onEnd = onEnd;
    if (this.givenUp) this.end('given-up');
    else {
      run(this).then(
        (outcome) => this.end(outcome),
        (error: unknown) => {
          if (this.onEnd) onError(error);
          this.onEnd = null;
        },
      );
    }
  }

  giveUp(): void {
    this.givenUp = true;
    this.end('given-up');
  }

  private end(outcome: Outcome | 'given-up'): void {
    const { onEnd } = this;
    this.onEnd = null;
    onEnd?.(outcome);
  }

  progress(progress: TaskProgress): void {
    const sent = this.waiting === null;
    this.waiting = progress;
    if (!sent) return;
    this.send(async () => {
      const last = this.waiting!;
      this.waiting = null;
      await this.job.updateProgress({ ...last });
    });
  }

  log(message: string): void {
    const row: LogRow = { at: wallTime(), attempt: this.task.attempt, message };
    this.send(async () => {
      await this.job.log(JSON.stringify(row));
      if (this.unsent === 1) await this.parts.tellOfLog(this.job.id!);
    });
  }

  /**
   * Notes what its handler enqueued, as far as it is ever listed. What was there already may be the task's as well: an attempt
   * whose process was killed stored it, and had no time to note it.
   */
  enqueued({ id, name, queue }: NewTask, answer: StoredAs): void {
    this.noted[answer] += 1;
    if (this.noted[answer] > MAX_CHILDREN_LISTED) return;
    const row: ChildRow = { child: { id, name, queue } };
    this.send(() => this.job.log(JSON.stringify(row)));
  }

  /** Settles when every report was sent: they are stored before the end of the attempt is. Null: there is none to wait for. */
  reported(): Promise<void> | null {
    return this.unsent > 0 ? this.sending : null;
  }

  private send(action: () => Promise<unknown>): void {
    this.unsent += 1;
    this.sending = (this.sending ?? Promise.resolve()).then(async () => {
      try {
        await action();
      } catch (error) {
        this.parts.report(error as Error);
      } finally {
        this.unsent -= 1;
      }
    });
  }
}
