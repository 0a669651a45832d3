import type { CancelTimer } from '../../../clock/index.js';
import type { ConsumeOptions, EngineContext, Outcome, RunTask } from '../../task-engine.js';
import { messageOf } from '../../../errors/index.js';
import type { Connection } from '../connection.js';
import { cancelledAmong } from '../statements/cancelled-tasks.js';
import { saveReports } from '../statements/save-reports.js';
import { workerExists } from '../statements/worker-rows.js';
import type { Transaction } from '../transaction.js';
import type { Registration } from '../workers/registration.js';
import type { Writer } from '../writer.js';
import { claimForAll, type Claim } from './claim.js';
import { QueueConsumer, type ConsumerHost } from './queue-consumer.js';
import type { RunningTask } from './running-task.js';
import { Settler } from './settler.js';

/** After a claim that the store refused (a full disk, say). */
const RETRY_AFTER_FAULT_MS = 1_000;
/** Progress and logs are stored together, at most this late. */
const REPORT_EVERY_MS = 200;

/** All consumers of this process: claims for them together, and stores how their attempts ended. */
export class ConsumerPool implements ConsumerHost {
  private readonly consumers: QueueConsumer[] = [];
  private readonly reporting = new Set<RunningTask>();
  /** Wake-ups for queues whose rate limit is used up. */
  private readonly limits = new Map<string, CancelTimer>();
  private reportTimer?: NodeJS.Timeout;
  private fetching: Promise<void> | null = null;
  private readonly settler: Settler;

  constructor(
    private readonly context: EngineContext,
    private readonly connection: Connection,
    private readonly writer: Writer,
    private readonly registration: Registration,
  ) {
    this.settler = new Settler(context, writer);
  }

  add(queue: string, options: ConsumeOptions, run: RunTask): QueueConsumer {
    const consumer = new QueueConsumer(queue, options, run, this);
    this.consumers.push(consumer);
    this.consumers.sort((left, right) => right.options.priority - left.options.priority);
    this.fetch();
    return consumer;
  }

  get isEmpty(): boolean {
    return this.consumers.length === 0;
  }

  /** There may be work for `queue`; null: for any of them. */
  wake(queue: string | null): void {
    let woken = false;
    for (const consumer of this.consumers) {
      if (queue !== null && consumer.queue !== queue) continue;
      consumer.hungry = true;
      woken ||= consumer.demand() > 0;
    }
    if (woken) this.fetch();
  }

  now(): number {
    return this.context.clock.now();
  }

  fetch(): void {
    this.fetching ??= this.writer
      .write((transaction) => this.claim(transaction))
      .then(
        (claims) => this.distribute(claims),
        (error: unknown) => this.fetchAgainAfter(error),
      );
  }

  async fetched(): Promise<void> {
    await this.fetching;
  }

  settle(running: RunningTask, outcome: Outcome, onSettled: () => void): void {
    this.reporting.delete(running);
    this.settler.settle(running, outcome, onSettled);
  }

  report(running: RunningTask): void {
    this.reporting.add(running);
    this.reportTimer ??= setTimeout(() => this.saveReports(), REPORT_EVERY_MS).unref();
  }

  forget(consumer: QueueConsumer): void {
    const index = this.consumers.indexOf(consumer);
    if (index >= 0) this.consumers.splice(index, 1);
  }

  /** Aborts the tasks at hand whose cancellation was asked for, by whichever process. */
  async abortCancelled(): Promise<void> {
    const held = this.consumers
      .flatMap((consumer) => [...consumer.held()])
      .filter((running) => running.abortedBy === null);
    if (held.length === 0) return;
    const cancelled = await this.connection.read((database) => cancelledAmong(database, this.registration.id));
    if (cancelled.size === 0) return;
    for (const running of held) {
      if (cancelled.has(running.task.seq)) running.abort('cancelled', `Task ${running.task.id} was cancelled`);
    }
  }

  /** Looks whether this process was taken for dead, and if so registers it anew. */
  async checkRegistration(): Promise<void> {
    if (await this.connection.read((database) => workerExists(database, this.registration.id))) return;
    await this.writer.write((transaction) => this.ensureRegistered(transaction));
  }

  /** This process had been taken for dead: whatever it holds under its former id is somebody else's. */
  private abandonLeases(): void {
    for (const consumer of this.consumers) {
      for (const running of consumer.held()) {
        if (running.task.worker === this.registration.id) continue;
        running.abort(
          'lease-lost',
          'The lease was lost: this process was silent for too long and the task was given to another',
        );
      }
    }
  }

  private claim(transaction: Transaction): Claim[] {
    this.ensureRegistered(transaction);
    return claimForAll(transaction, this.consumers, this.registration.id, this.now());
  }

  private ensureRegistered(transaction: Transaction): void {
    if (this.registration.ensure(transaction)) return;
    this.context.logger.warn('This process was silent for longer than its lease; its tasks were taken from it');
    queueMicrotask(() => this.abandonLeases());
  }

  private distribute(claims: readonly Claim[]): void {
    this.fetching = null;
    for (const { consumer, tasks, limitedUntil } of claims) {
      if (limitedUntil !== null) this.wakeAt(consumer.queue, limitedUntil);
      if (tasks.length > 0) consumer.deliver(tasks);
    }
    // Something may have come since the claim was made, while this one was under way.
    if (this.consumers.some((consumer) => consumer.hungry && consumer.demand() > 0)) this.fetch();
  }

  private wakeAt(queue: string, time: number): void {
    this.limits.get(queue)?.();
    this.limits.set(
      queue,
      this.context.clock.schedule(time - this.now(), () => this.wake(queue)),
    );
  }

  private fetchAgainAfter(error: unknown): void {
    this.fetching = null;
    if (this.writer.isClosed) return;
    this.context.logger.error(`Cannot claim tasks, trying again: ${messageOf(error)}`);
    setTimeout(() => this.wake(null), RETRY_AFTER_FAULT_MS).unref();
  }

  private saveReports(): void {
    this.reportTimer = undefined;
    const reports = [...this.reporting].map((running) => {
      const report = { task: running.task, progress: running.pendingProgress, logs: running.pendingLogs };
      running.pendingProgress = null;
      running.pendingLogs = [];
      return report;
    });
    this.reporting.clear();
    if (reports.length === 0) return;
    this.writer
      .write((transaction) => {
        for (const { task, progress, logs } of reports) saveReports(transaction, task, progress, logs);
      })
      .catch((error: unknown) => this.context.logger.warn(`Progress and logs were not stored: ${String(error)}`));
  }
}
