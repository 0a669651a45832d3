import { wallTime } from '../../clock/index.js';
import type { AbortCause, TaskError, TaskTraits } from '../../contract/index.js';
import { abort, InHand, recordedAs } from '../common/index.js';
import type { ConsumeOptions, Consumer, EngineContext, NewTask, Outcome, RunTask, StepLease } from '../port/index.js';
import { AttemptError, type AttemptRecord } from './attempt-record.js';
import type { BullmqEngineOptions } from './bullmq-options.js';
import type { Cancelled } from './cancelled.js';
import { closeQueue } from './close-queue.js';
import { declinedOutcome, hasExpired } from './declined.js';
import { type Admission, causeOf, refusedTraits } from './flows/admission.js';
import { cancelledValue } from './flows/child-ends.js';
import { isInFlow } from './flows/in-flow.js';
import type { Happenings } from './happenings.js';
import { taskIdOf } from './job-ids.js';
import { watchLeases } from './lease-watch.js';
import { returnValueOf, rowOfResult } from './job-result.js';
import { keepingJob } from './keeping-job.js';
import { LastChance } from './last-chance.js';
import type { ListedParts } from './read-listed.js';
import { lostError } from './lost-error.js';
import { tellOfLost } from './lost-jobs.js';
import type { QueueSet } from './queue-set.js';
import { RunningJob, type RunningJobParts, type StoredAs } from './running-job.js';
import type { TaskJob } from './task-job.js';
import { callerOf, type Callers } from './steps/callers.js';
import type { JobHold } from './steps/step-rows.js';
import { attemptRecord, stacksWith } from './ended-attempt.js';
import { suspendJob } from './steps/suspend-job.js';
import type { UnhandledKinds } from './unhandled-kinds.js';
import { attemptOf } from './stored-job.js';
import { taskFollowing } from './following.js';
import { isLanding } from './transfer/carried.js';
import { land } from './transfer/land.js';
import { untilStored } from './until-stored.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Data points of BullMQ's metrics, one a minute: a week. */
const METRIC_POINTS = (7 * DAY_MS) / 60_000;

/** How long a worker waits before it asks a server again that was not there. BullMQ's own 15 s are long for a restart. */
const RECONNECT_MS = 1_000;

interface Ended {
  readonly event: 'completed' | 'cancelled';
  readonly error?: TaskError;
  /** Where it is not that of the job. */
  readonly attempt?: number;
}

/** The parts that all consumers of an engine share. */
export interface ConsumerParts extends ListedParts {
  readonly cancelled: Cancelled;
  readonly workerId: string;
  readonly keepAtMost: EngineContext['keepAtMost'];
  readonly unhandled: UnhandledKinds;
  readonly happenings: Happenings;
  readonly enqueue: (tasks: readonly NewTask[]) => Promise<unknown>;
  readonly callers: Callers;
  readonly admission: Admission;
  /** Before a job is put aside for tasks that it has called. */
  readonly watchCalls: (hold: JobHold) => Promise<void>;
  report(error: Error): void;
}

/**
 * Delivers the tasks of one queue, through a BullMQ Worker that fetches, locks, renews and recovers them. Of an attempt:
 *
 *     completed                  the job is completed; its return value is the result, where that is kept
 *     failed                     the processor throws, with no attempt left
 *     retry, counted             it throws, and the delay stands in the error
 *     retry that closes          BullMQ's own limit of the queue is used up until then, and as the next line
 *     retry, not counted         moved to delayed, or back to wait where it is due: BullMQ does not count either as made
 *     released                   moved back to wait
 *     suspended                  moved to delayed, or back to wait where what it waits for has come, not counted
 *     cancelled                  kept among the cancelled ones, and removed; what waits for it is told by its return value
 *
 * Every move names the lock's token, so that an owner which lost its lock changes nothing.
 */
export class JobConsumer implements Consumer {
  readonly concurrency: number;
  private readonly isLimited: boolean;
  private readonly running = new InHand<RunningJob>();
  /** What is to be told of jobs once BullMQ has stored their end, where somebody listens. */
  private readonly ends = new WeakMap<TaskJob, Ended>();
  private readonly worker: ReturnType<QueueSet['worker']>;
  private readonly jobParts: RunningJobParts;
  private readonly lastChance: LastChance;
  private closing: Promise<void> | null = null;

  constructor(
    readonly queue: string,
    private readonly parts: ConsumerParts,
    { lease, maxLostAttempts }: BullmqEngineOptions,
    { concurrency, rateLimit }: ConsumeOptions,
    private readonly run: RunTask,
  ) {
    this.concurrency = concurrency;
    this.isLimited = rateLimit !== null;
    this.jobParts = {
      report: (error) => parts.report(error),
      tellOfLog: (jobId) => parts.set.tell(queue, { event: 'logged', jobId }),
    };
    const { set, workerId } = parts;
    this.lastChance = new LastChance({ set, queue, workerId, lease, maxLostAttempts });
    this.worker = parts.set.worker(queue, (job, token) => this.process(job as TaskJob, token!), {
      name: parts.workerId,
      concurrency,
      lockDuration: lease,
      stalledInterval: lease,
      maxStalledCount: maxLostAttempts - 1,
      runRetryDelay: RECONNECT_MS,
      metrics: { maxDataPoints: METRIC_POINTS },
      settings: { backoffStrategy: (_made, _type, error) => (error as AttemptError).delay ?? -1 },
      ...(rateLimit && { limiter: { max: rateLimit.max, duration: rateLimit.per } }),
    });
    watchLeases(this.worker, lease, this.running);
    this.worker.on('failed', (job, error) => {
      if (!job) return;
      if (error instanceof AttemptError) {
        const { outcome, error: reported } = error.record;
        if (outcome === 'failed') this.tellOfEnd(job);
        parts.happenings.tell(outcome === 'retried' ? 'retried' : 'failed', queue, job, reported);
      } else {
        const lost = lostError(job, error.message) ?? { name: 'WorkerLostError', message: error.message };
        this.followLost(job, lost);
        this.tellOfEnd(job);
        parts.happenings.tell('failed', queue, job, lost);
      }
    });
    this.worker.on('completed', (job) => {
      this.tellOfEnd(job);
      const end = this.ends.get(job);
      if (end) parts.happenings.tell(end.event, queue, job, end.error, end.attempt);
    });
    this.worker.on('stalled', (jobId) => {
      tellOfLost(queue, jobId, maxLostAttempts, parts).catch((error: Error) => parts.report(error));
    });
    this.worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) {
        this.abort(id, 'lease-lost', `This process lost the lease of task "${taskIdOf(id)}"; it may run elsewhere.`);
      }
    });
  }

  async ready(): Promise<void> {
    await this.worker.waitUntilReady();
  }

  cancel(jobId: string): void {
    this.abort(jobId, 'cancelled', `Task "${taskIdOf(jobId)}" was cancelled.`);
  }

  /** Whether the task that enqueued `task` runs here; it is then noted there. */
  noteChild(task: NewTask, answer: StoredAs): boolean {
    for (const parent of this.running) {
      if (parent.task.id !== task.parentId) continue;
      parent.enqueued(task, answer);
      return true;
    }
    return false;
  }

  holdOf({ id, queue, attempt }: StepLease): JobHold | null {
    if (queue !== this.queue) return null;
    for (const running of this.running) {
      if (running.task.id === id && running.task.attempt === attempt) return running.hold;
    }
    return null;
  }

  close(grace: number): Promise<void> {
    return this.end(grace);
  }

  /** Waits for nobody: what runs is handed back at once. */
  abandon(): Promise<void> {
    return this.end(0, 0);
  }

  private end(grace: number, afterAbort?: number): Promise<void> {
    this.closing ??= this.endOnce(grace, afterAbort);
    return this.closing;
  }

  private async endOnce(grace: number, afterAbort?: number): Promise<void> {
    await this.worker.pause(true);
    for (const job of await this.running.drain(grace, afterAbort)) job.giveUp();
    await this.parts.set.end(this.worker);
  }

  private abort(jobId: string, cause: AbortCause, message: string): void {
    for (const running of this.running) if (running.job.id === jobId) abort(running, cause, message);
  }

  private process(job: TaskJob, token: string): Promise<unknown> {
    if (isLanding(job)) return this.land(job, token);
    const running = new RunningJob(job, token, this.queue, this.jobParts);
    // BullMQ has counted it as begun: without a record, that attempt would be taken for a lost one.
    if (this.closing) return this.release(running);
    this.running.add(running);
    if (this.lastChance.isFor(job)) return this.runAlone(running);
    if (isInFlow(job)) return this.runInFlow(running);
    return job.attemptsStarted > 1 ? this.runAgain(running) : this.runNow(running);
  }

  private async runAlone(running: RunningJob): Promise<unknown> {
    try {
      const run = (): Promise<unknown> => (isInFlow(running.job) ? this.runInFlow(running) : this.runAgain(running));
      return await this.lastChance.take(running, run);
    } finally {
      this.running.delete(running);
    }
  }

  /** A task of a workflow may have been let go on though its condition does not hold. */
  private async runInFlow(running: RunningJob): Promise<unknown> {
    const { job } = running;
    try {
      const refusal = await this.untilStored(running, () => this.parts.admission.refusalOf(this.queue, job));
      if (!refusal) return await this.runAgain(running);
      return await this.untilStored(running, () =>
        this.endUnrun(job, undefined, refusedTraits(job, refusal), cancelledValue(job, causeOf(refusal))),
      );
    } finally {
      this.running.delete(running);
    }
  }

  private async land(job: TaskJob, token: string): Promise<never> {
    await land(job, token);
    throw new this.parts.set.library.WaitingError();
  }

  /** Between its attempts a task may have been asked to stop. */
  private async runAgain(running: RunningJob): Promise<unknown> {
    try {
      const isAsked = await this.untilStored(running, () => this.parts.cancelled.isAsked(running.job.id!));
      if (!isAsked) return await this.runNow(running);
      return await this.untilStored(running, () => this.endCancelled(running, null));
    } finally {
      this.running.delete(running);
    }
  }

  /** One promise for most attempts, those that complete and have nothing more to report: each costs Node time. */
  private runNow(running: RunningJob): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const end = (outcome: Outcome | 'given-up'): void => {
        const isPlain =
          outcome !== 'given-up' && outcome.kind === 'completed' && !outcome.result && !running.isCancelled;
        if (!isPlain || running.reported()) return resolve(this.finish(running, outcome));
        this.running.delete(running);
        resolve(this.complete(running.job, outcome));
      };
      running.run(this.run, end, (error) => {
        this.running.delete(running);
        reject(error);
      });
    });
  }

  private async finish(running: RunningJob, outcome: Outcome | 'given-up'): Promise<unknown> {
    try {
      await running.reported();
      return await this.untilStored(running, () => this.settle(running, outcome));
    } finally {
      this.running.delete(running);
    }
  }

  /** A lease that was lost has the task run elsewhere; a process that ends leaves it to others. */
  private untilStored<T>(running: RunningJob, action: () => Promise<T>): Promise<T> {
    return untilStored(action, () => this.closing !== null || running.aborted?.reason === 'lease-lost');
  }

  private async settle(running: RunningJob, outcome: Outcome | 'given-up'): Promise<unknown> {
    const { job, token } = running;
    if (outcome !== 'given-up' && outcome.kind === 'declined') {
      this.parts.unhandled.note(this.queue, job.name).catch((error: Error) => this.parts.report(error));
      if (hasExpired(job, wallTime())) return this.endUnrun(job, undefined, { reason: 'expired' }, cancelledValue(job));
      return this.settle(running, declinedOutcome(job, outcome, wallTime()));
    }
    if (outcome === 'given-up' || outcome.kind === 'released' || outcome.kind === 'suspended') {
      if (await this.parts.cancelled.isAsked(job.id!)) return this.endCancelled(running, 'unsaid');
      if (outcome !== 'given-up' && outcome.kind === 'suspended') return suspendJob(this.parts, running, outcome.waits);
      return this.release(running);
    }
    if (outcome.kind === 'cancelled' && outcome.reason) {
      return this.endUnrun(job, outcome.keepFor, { reason: 'expired' }, cancelledValue(job));
    }
    if (outcome.kind === 'cancelled') return this.endCancelled(running, outcome);
    if (running.isCancelled && outcome.kind !== 'retry') await this.parts.cancelled.unask(job.id!);
    if (outcome.kind === 'completed') {
      const row = rowOfResult(job, outcome);
      if (row) await job.log(JSON.stringify(row));
      return this.complete(job, outcome);
    }
    if (outcome.kind === 'failed') {
      // Before the end, by an id that another try makes again: a process that dies in between has the task run again.
      const following = taskFollowing(job, this.queue, outcome.error);
      if (following && !(await this.isEnqueued(following))) return this.release(running);
      job.opts.removeOnFail = keepingJob(job, this.queue, 'failed', outcome.keepFor, this.parts.keepAtMost);
      job.opts.attempts = 0;
      throw new AttemptError(attemptRecord(this.parts.workerId, running, 'failed', outcome), null);
    }
    if (await this.parts.cancelled.isAsked(job.id!)) return this.endCancelled(running, outcome);
    const delay = Math.max(0, outcome.at - wallTime());
    const as = recordedAs(outcome);
    const record = { ...attemptRecord(this.parts.workerId, running, as, outcome), runAt: outcome.at };
    if (outcome.countsAttempt) {
      job.opts.attempts = Number.MAX_SAFE_INTEGER;
      job.opts.backoff = { type: 'as-the-runner-says' };
      throw new AttemptError(record, delay);
    }
    if (outcome.closes && delay > 0) await closeQueue(this.parts.set, this.queue, this.isLimited, delay);
    // BullMQ makes delayed jobs available when a worker asks for one: what is due now is not to wait for that.
    if (delay === 0) return this.handBack(running, record);
    await this.parts.set.queue(this.queue).backend.moveToDelayed(job.id!, wallTime(), delay, token, {
      skipAttempt: true,
      fieldsToUpdate: stacksWith(job, record),
    });
    throw new this.parts.set.library.DelayedError();
  }

  private isEnqueued(task: NewTask): Promise<boolean> {
    const failed = (error: Error): boolean => {
      this.parts.report(error);
      return false;
    };
    return this.parts.enqueue([task]).then(() => true, failed);
  }

  /** The step that called the task goes on. */
  private tellOfEnd(job: TaskJob): void {
    if (callerOf(job)) this.parts.callers.tellOfEnd(job).catch((error: Error) => this.parts.report(error));
  }

  private noteEnd(job: TaskJob, end: Ended): void {
    if (this.parts.happenings.areHeard) this.ends.set(job, end);
  }

  /** BullMQ fails a job by itself whose processes have died too often. */
  private followLost(job: TaskJob, error: TaskError): void {
    const following = taskFollowing(job, this.queue, error);
    if (following) this.parts.enqueue([following]).catch((fault: Error) => this.parts.report(fault));
  }

  /** @param outcome `unsaid`: the handler did not say; null: it was not called */
  private async endCancelled(running: RunningJob, outcome: Outcome | 'unsaid' | null): Promise<unknown> {
    const { job } = running;
    const told = outcome === 'unsaid' || outcome === null ? undefined : outcome;
    const keepFor = told?.kind === 'cancelled' ? told.keepFor : undefined;
    await this.parts.cancelled.keep(
      this.queue,
      job,
      keepFor,
      outcome && attemptRecord(this.parts.workerId, running, 'cancelled', told),
    );
    const error = told && 'error' in told ? told.error : undefined;
    this.noteEnd(job, { event: 'cancelled', ...(error && { error }) });
    job.opts.removeOnComplete = true;
    return cancelledValue(job);
  }

  /** Nothing is asked of the server before BullMQ stores the end. @returns the job's return value */
  private complete(job: TaskJob, outcome: Outcome & { kind: 'completed' }): unknown {
    this.noteEnd(job, { event: 'completed' });
    job.opts.removeOnComplete = keepingJob(job, this.queue, 'completed', outcome.keepFor, this.parts.keepAtMost);
    return returnValueOf(job, outcome);
  }

  /** Ends a job that was taken, and not handed to its handler. @returns its return value */
  private async endUnrun(
    job: TaskJob,
    keepFor: number | null | undefined,
    traits: TaskTraits | undefined,
    value: unknown,
  ): Promise<unknown> {
    await this.parts.cancelled.keep(this.queue, job, keepFor, null, traits, true);
    this.noteEnd(job, { event: 'cancelled', attempt: attemptOf(job) - 1 });
    job.opts.removeOnComplete = true;
    return value;
  }

  private release(running: RunningJob): Promise<never> {
    return this.handBack(running, attemptRecord(this.parts.workerId, running, 'released'));
  }

  /** The log says of it what BullMQ has no place for. */
  private async handBack({ job, token }: RunningJob, record: AttemptRecord): Promise<never> {
    await job.log(JSON.stringify(record));
    await job.moveToWait(token);
    await this.parts.set.raw.wake(this.queue);
    throw new this.parts.set.library.WaitingError();
  }
}
