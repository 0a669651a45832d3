import { type CancelTimer, monotonicTime, queueMicrotask, setTimeout, whenItIs } from '../../../clock/index.js';
import { abort } from '../../common/index.js';
import type { EngineContext, Outcome } from '../../port/index.js';
import { messageOf } from '../../../contract/index.js';
import type { Connection } from '../store/connection.js';
import { cancelledAmong } from '../sql/cancelled-tasks.js';
import { closedUntil } from '../sql/closed-limits.js';
import { type Claim, claimForAll, readQueues } from '../sql/claim-tasks.js';
import type { CommitListener, Committed, Transaction } from '../store/transaction.js';
import type { Registration } from '../process/registration.js';
import type { Writer } from '../store/writer.js';
import { Completer, HeldTask } from './completer.js';
import type { ConsumerHost, PoolConsumer } from './pool-consumer.js';
import { Reporter } from './reporter.js';
import { StartReporter } from './start-reporter.js';

/** After a claim that the store refused (a full disk, say). */
const RETRY_AFTER_FAULT_MS = 1_000;
/** What one claim brings is run, and its ends are stored, in the turns of one event loop: more would make them long. */
const MAX_PREFETCHED = 250;

/** All consumers of this process: claims for them together, and stores how their attempts ended. */
export class ConsumerPool implements ConsumerHost, CommitListener {
  private readonly consumers: PoolConsumer[] = [];
  /** Wake-ups for queues of which nothing may be claimed until then. */
  private readonly limits = new Map<string, CancelTimer>();
  readonly maxPrefetched = MAX_PREFETCHED;
  private fetching: Promise<void> | null = null;
  /** The pauses of some tasks, as this process knew them last. */
  private pausesSeen = '';
  private readonly completer: Completer;
  private readonly reporter: Reporter;
  /** Null as long as no limit has counted a task of this process. */
  private starts: StartReporter | null = null;

  constructor(
    private readonly context: EngineContext,
    private readonly connection: Connection,
    private readonly writer: Writer,
    private readonly registration: Registration,
    readonly trustedFor: number,
    private readonly maxLostAttempts: number,
  ) {
    this.completer = new Completer(context, writer);
    this.reporter = new Reporter(context.logger, writer);
  }

  add(consumer: PoolConsumer): void {
    this.consumers.push(consumer);
    this.consumers.sort((left, right) => right.options.priority - left.options.priority);
    this.fetch();
  }

  get isEmpty(): boolean {
    return this.consumers.length === 0;
  }

  committed({ paused, available, cancelRequested }: Committed): void {
    for (const queue of paused) this.pause(queue);
    for (const queue of available) this.wake(queue);
    if (cancelRequested) this.abortCancelled();
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

  /**
   * Gives each queue as many workers as it was set to have, else as many as the options say.
   * @returns those that have others than before
   */
  resize(set: ReadonlyMap<string, number>): Array<{ readonly queue: string; readonly size: number }> {
    const changed = this.consumers.filter(
      ({ queue, options, size }) => size !== (set.get(queue) ?? options.concurrency),
    );
    for (const consumer of changed) consumer.resize(set.get(consumer.queue) ?? consumer.options.concurrency);
    return changed;
  }

  now(): number {
    return this.context.clock.now();
  }

  fetch(): void {
    // By the time in the claim: this process may be stopped before it hears of what it has claimed.
    let claimedAt = 0;
    let hungry: readonly PoolConsumer[] | null = null;
    this.fetching ??= this.writer
      .write((transaction) => {
        claimedAt = monotonicTime();
        // Where the transaction cannot commit, this runs once more: what was claimed in it is there again.
        hungry ??= this.consumers.filter((consumer) => consumer.hungry);
        for (const consumer of hungry) consumer.hungry = true;
        return this.claim(transaction);
      })
      .then(
        (claims) => this.distribute(claims, claimedAt),
        (error: unknown) => this.fetchAgainAfter(error),
      );
  }

  async fetched(): Promise<void> {
    await this.fetching;
  }

  begin(running: HeldTask): void {
    const { starts, id } = this.registration;
    // Nothing is noted under the new name for a lease that was taken away.
    if (starts && running.task.worker === id) {
      running.begun = { starts, place: starts.note(running.task.seq, running.task.attempt) };
    }
  }

  settle(running: HeldTask, outcome: Outcome, onStored: () => void): void {
    this.reporter.unsaved.delete(running);
    this.starts?.drop(running);
    this.completer.settle(running, outcome, () => {
      running.begun?.starts.release(running.begun.place);
      onStored();
    });
  }

  /** Another process may have paused a queue of which tasks are at hand that have not begun. */
  pauseAsStored(): void {
    if (!this.consumers.some((consumer) => consumer.holdsAhead)) return;
    this.connection.read(readQueues).then(
      ({ queues: rows, pauses }) => {
        // What was claimed ahead before a pause of some tasks may be what it is about: the next claim tells.
        const seen = pauses.map(({ reason }) => reason).join();
        if (seen !== this.pausesSeen) for (const { queue } of this.consumers) this.pause(queue);
        this.pausesSeen = seen;
        const now = this.now();
        for (const row of rows.values()) {
          if (row.paused_at !== null || closedUntil(row, now) !== null) this.pause(row.name);
        }
      },
      (error: unknown) => this.context.logger.error(`Looking for pauses: ${String(error)}`),
    );
  }

  report(running: HeldTask): void {
    this.reporter.report(running);
  }

  called(running: HeldTask): void {
    this.starts ??= new StartReporter(this.context.logger, this.writer);
    this.starts.add(running);
  }

  forget(consumer: PoolConsumer): void {
    const index = this.consumers.indexOf(consumer);
    if (index >= 0) this.consumers.splice(index, 1);
  }

  /**
   * Aborts the tasks at hand whose cancellation was asked for, by whichever process; and those that are being claimed, once they
   * are at hand: a task may be cancelled in the transaction of its claim.
   */
  abortCancelled(): void {
    this.lookForCancelled();
    void this.fetching?.then(() => this.lookForCancelled());
  }

  private lookForCancelled(): void {
    const held = this.consumers
      .flatMap((consumer) => [...consumer.held()])
      .filter((running) => running.aborted === null);
    if (held.length === 0) return;
    this.connection
      .read((database) => cancelledAmong(database, this.registration.id))
      .then(
        (cancelled) => {
          const found = held.filter(({ task }) => cancelled.has(task.seq));
          for (const running of found) abort(running, 'cancelled', `Task ${running.task.id} was cancelled`);
        },
        (error: unknown) => this.context.logger.error(`Looking for cancelled tasks: ${String(error)}`),
      );
  }

  /** Looks whether this process was taken for dead, and if so registers it anew. */
  async checkRegistration(): Promise<void> {
    if (await this.connection.read((database) => this.registration.stands(database))) return;
    await this.writer.write((transaction) => this.ensureRegistered(transaction));
  }

  private pause(queue: string): void {
    for (const consumer of this.consumers) if (consumer.queue === queue) consumer.pause();
  }

  /** This process had been taken for dead: whatever it holds under its former id is somebody else's. */
  private abandonLeases(): void {
    for (const consumer of this.consumers) {
      for (const running of consumer.held()) {
        if (running.task.worker === this.registration.id) continue;
        abort(
          running,
          'lease-lost',
          'The lease was lost: this process was silent for too long and the task was given to another',
        );
      }
    }
  }

  private claim(transaction: Transaction): Map<PoolConsumer, Claim> {
    this.ensureRegistered(transaction);
    const { maxLostAttempts } = this;
    this.starts?.note(transaction);
    const claiming = { worker: this.registration.id, now: this.now(), maxLostAttempts, trustedFor: this.trustedFor };
    return claimForAll(transaction, this.consumers, claiming);
  }

  private ensureRegistered(transaction: Transaction): void {
    if (this.registration.ensure(transaction)) return;
    this.context.logger.warn('This process was silent for longer than its lease; its tasks were taken from it');
    queueMicrotask(() => this.abandonLeases());
  }

  private distribute(claims: ReadonlyMap<PoolConsumer, Claim>, claimedAt: number): void {
    this.fetching = null;
    for (const [consumer, { tasks, limitedUntil }] of claims) {
      if (limitedUntil !== null) this.wakeAt(consumer.queue, limitedUntil);
      if (tasks.length > 0) consumer.deliver(tasks.map((task) => new HeldTask(task, this, claimedAt)));
    }
    // Something may have come since the claim was made, while this one was under way.
    if (this.consumers.some((consumer) => consumer.hungry && consumer.demand() > 0)) this.fetch();
  }

  private wakeAt(queue: string, time: number): void {
    this.limits.get(queue)?.();
    this.limits.set(
      queue,
      whenItIs(this.context.clock, time, () => this.wake(queue)),
    );
  }

  private fetchAgainAfter(error: unknown): void {
    this.fetching = null;
    if (this.writer.isClosed) return;
    this.context.logger.error(`Cannot claim tasks, trying again: ${messageOf(error)}`);
    setTimeout(() => this.wake(null), RETRY_AFTER_FAULT_MS).unref();
  }
}
