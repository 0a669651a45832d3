import type { ConsumeOptions, Consumer, NewTask, Outcome, RunTask } from '../task-engine.js';
import { AttemptFailure, toStack, type AttemptRecord } from './attempt-record.js';
import type { BullmqEngineOptions } from './bullmq-options.js';
import type { Cancelled } from './cancelled.js';
import { watchLeases } from './lease-watch.js';
import type { QueueSet } from './queue-set.js';
import { RunningJob, type RunningJobParts } from './running-job.js';
import type { TaskJob } from './stored-job.js';
import { isLanding } from './transfer/carried.js';
import { land } from './transfer/land.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Data points of BullMQ's metrics, one a minute: a week. */
const METRIC_POINTS = (7 * DAY_MS) / 60_000;

/** How long a worker waits before it asks a server again that was not there. BullMQ's own 15 s are long for a restart. */
const RECONNECT_MS = 1_000;

/** What all consumers of an engine share. */
export interface ConsumerParts {
  readonly set: QueueSet;
  readonly cancelled: Cancelled;
  readonly workerId: string;
  report(error: Error): void;
}

/**
 * Delivers the tasks of one queue, through a BullMQ Worker that fetches, locks, renews and recovers them. Of an attempt:
 *
 *     completed                  the job is completed
 *     failed                     the processor throws, with no attempt left
 *     retry, counted             it throws, and the delay stands in the error
 *     retry, not counted         moved to delayed, or back to wait where it is due: BullMQ does not count either as made
 *     released                   moved back to wait
 *     cancelled                  kept among the cancelled ones, and removed
 *
 * Every move names the lock's token, so that an owner which lost its lock changes nothing.
 */
export class QueueConsumer implements Consumer {
  readonly concurrency: number;
  private readonly running = new Map<string, RunningJob>();
  private readonly idle: Array<() => void> = [];
  private readonly worker: ReturnType<QueueSet['worker']>;
  private readonly jobParts: RunningJobParts;
  private closing: Promise<void> | null = null;

  constructor(
    readonly queue: string,
    private readonly parts: ConsumerParts,
    { lease, maxLostAttempts }: BullmqEngineOptions,
    { concurrency, rateLimit }: ConsumeOptions,
    private readonly run: RunTask,
  ) {
    this.concurrency = concurrency;
    this.jobParts = {
      report: (error) => parts.report(error),
      tellOfLog: (jobId) => parts.set.tell(queue, { event: 'logged', jobId }),
    };
    this.worker = parts.set.worker(queue, (job, token) => this.process(job as TaskJob, token!), {
      name: parts.workerId,
      concurrency,
      lockDuration: lease,
      stalledInterval: lease,
      maxStalledCount: maxLostAttempts - 1,
      runRetryDelay: RECONNECT_MS,
      metrics: { maxDataPoints: METRIC_POINTS },
      settings: { backoffStrategy: (_made, _type, error) => (error as AttemptFailure).delay ?? -1 },
      ...(rateLimit && { limiter: { max: rateLimit.max, duration: rateLimit.per } }),
    });
    watchLeases(this.worker, lease, this.running);
    this.worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) {
        this.running.get(id)?.abort('lease-lost', `This process lost the lease of task "${id}"; it may run elsewhere.`);
      }
    });
  }

  async ready(): Promise<void> {
    await this.worker.waitUntilReady();
  }

  cancel(id: string): void {
    this.running.get(id)?.abort('cancelled', `Task "${id}" was cancelled.`);
  }

  /** Whether the task that enqueued `task` runs here; it is then noted there. */
  noteChild(task: NewTask): boolean {
    const parent = task.parentId == null ? undefined : this.running.get(task.parentId);
    parent?.enqueued(task);
    return parent !== undefined;
  }

  close(grace: number): Promise<void> {
    this.closing ??= this.end(grace);
    return this.closing;
  }

  private async end(grace: number): Promise<void> {
    await this.worker.pause(true);
    if (this.running.size > 0 && grace > 0) {
      let timer: NodeJS.Timeout | undefined;
      const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, grace)));
      await Promise.race([new Promise<void>((resolve) => this.idle.push(resolve)), over]);
      clearTimeout(timer);
    }
    for (const job of this.running.values()) {
      job.abort('shutdown', 'The process shuts down.');
      job.giveUp();
    }
    await this.parts.set.end(this.worker);
  }

  private process(job: TaskJob, token: string): Promise<unknown> {
    if (this.closing) return this.release(job, token, null);
    if (isLanding(job)) return this.land(job, token);
    const running = new RunningJob(job, token, this.queue, this.jobParts);
    this.running.set(job.id!, running);
    return job.attemptsStarted > 1 ? this.runAgain(running) : this.runNow(running);
  }

  private async land(job: TaskJob, token: string): Promise<never> {
    await land(job, token);
    throw new this.parts.set.library.WaitingError();
  }

  /** Between its attempts a task may have been asked to stop. */
  private async runAgain(running: RunningJob): Promise<unknown> {
    try {
      if (!(await this.parts.cancelled.isAsked(running.task.id))) return this.runNow(running);
      await this.endCancelled(running, null);
    } catch (error) {
      this.drop(running);
      throw error;
    }
    this.drop(running);
    return undefined;
  }

  /** One promise for most attempts, those that complete and have nothing more to report: each costs Node time. */
  private runNow(running: RunningJob): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const end = (outcome: Outcome | 'given-up'): void => {
        const isPlain = outcome !== 'given-up' && outcome.kind === 'completed' && !running.isCancelled;
        if (!isPlain || running.reported()) return resolve(this.finish(running, outcome));
        this.drop(running);
        resolve(complete(running.job, outcome));
      };
      running.run(this.run, end, (error) => {
        this.drop(running);
        reject(error);
      });
    });
  }

  private drop(running: RunningJob): void {
    this.running.delete(running.task.id);
    if (this.running.size === 0) for (const tell of this.idle.splice(0)) tell();
  }

  private async finish(running: RunningJob, outcome: Outcome | 'given-up'): Promise<unknown> {
    try {
      await running.reported();
      return await this.settle(running, outcome);
    } finally {
      this.drop(running);
    }
  }

  private async settle(running: RunningJob, outcome: Outcome | 'given-up'): Promise<unknown> {
    const { job, token } = running;
    if (outcome === 'given-up' || outcome.kind === 'released') {
      if (await this.parts.cancelled.isAsked(job.id!)) return this.endCancelled(running, 'unsaid');
      return this.release(job, token, running);
    }
    if (outcome.kind === 'cancelled') return this.endCancelled(running, outcome);
    if (running.isCancelled && outcome.kind !== 'retry') await this.parts.cancelled.unask(job.id!);
    if (outcome.kind === 'completed') return complete(job, outcome);
    if (outcome.kind === 'failed') {
      job.opts.removeOnFail = keeping(outcome.keepFor);
      job.opts.attempts = 0;
      throw new AttemptFailure(this.record(running, 'failed', outcome), null);
    }
    if (await this.parts.cancelled.isAsked(job.id!)) return this.endCancelled(running, outcome);
    const delay = Math.max(0, outcome.at - Date.now());
    if (outcome.countsAttempt) {
      job.opts.attempts = Number.MAX_SAFE_INTEGER;
      job.opts.backoff = { type: 'as-the-runner-says' };
      throw new AttemptFailure({ ...this.record(running, 'retried', outcome), runAt: outcome.at }, delay);
    }
    const snoozed = { ...this.record(running, 'snoozed', outcome), runAt: outcome.at };
    // BullMQ makes delayed jobs available when a worker asks for one: what is due now is not to wait for that.
    if (delay === 0) return this.handBack(job, token, snoozed);
    await this.parts.set.queue(this.queue).backend.moveToDelayed(job.id!, Date.now(), delay, token, {
      skipAttempt: true,
      fieldsToUpdate: this.stacks(job, snoozed),
    });
    throw new this.parts.set.library.DelayedError();
  }

  private record(running: RunningJob, outcome: AttemptRecord['outcome'], from?: Partial<Outcome>): AttemptRecord {
    const error = from && 'error' in from ? from.error : undefined;
    return {
      attempt: running.task.attempt,
      worker: this.parts.workerId,
      startedAt: running.startedAt,
      finishedAt: Date.now(),
      outcome,
      ...(error && { error }),
    };
  }

  private stacks(job: TaskJob, record: AttemptRecord): Record<string, string> {
    const stacktrace = JSON.stringify([...(job.stacktrace ?? []), toStack(record)]);
    return { failedReason: record.error?.message ?? record.outcome, stacktrace };
  }

  /** @param outcome `unsaid`: the handler did not say; null: it was not called */
  private async endCancelled(running: RunningJob, outcome: Outcome | 'unsaid' | null): Promise<undefined> {
    const { job } = running;
    const told = outcome === 'unsaid' || outcome === null ? undefined : outcome;
    const keepFor = told?.kind === 'cancelled' ? told.keepFor : undefined;
    await this.parts.cancelled.keep(this.queue, job, keepFor, outcome && this.record(running, 'cancelled', told));
    job.opts.removeOnComplete = true;
    return undefined;
  }

  private async release(job: TaskJob, token: string, running: RunningJob | null): Promise<never> {
    return this.handBack(job, token, running && this.record(running, 'released'));
  }

  /** The log says of it what BullMQ has no place for. */
  private async handBack(job: TaskJob, token: string, record: AttemptRecord | null): Promise<never> {
    if (record) await job.log(JSON.stringify(record));
    await job.moveToWait(token);
    await this.parts.set.wake(this.queue);
    throw new this.parts.set.library.WaitingError();
  }
}

/** Nothing is asked of the server before BullMQ stores the end. @returns what the job's return value notes */
function complete(job: TaskJob, { keepFor, maxAttempts }: Outcome & { kind: 'completed' }): unknown {
  job.opts.removeOnComplete = keeping(keepFor);
  return job.opts.attempts === maxAttempts ? undefined : { maxAttempts };
}

function keeping(keepFor: number | null): boolean | { age: number } {
  if (keepFor === null) return false;
  return keepFor === 0 ? true : { age: Math.ceil(keepFor / 1000) };
}
