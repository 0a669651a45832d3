import { monotonicTime, setImmediate, setTimeout } from '../../../clock/index.js';
import { InHand, isInTime } from '../../common/index.js';
import type { ConsumeOptions, Consumer, Outcome, RunTask } from '../../port/index.js';
import { ClaimPace } from './claim-pace.js';
import type { HeldTask } from './completer.js';
import type { ConsumerHost, PoolConsumer } from './pool-consumer.js';

/** Tasks are started for this long at a stretch; then whatever else waits has its turn. */
const TURN_BUDGET_MS = 2;
/** How long closing waits for the store to take outcomes. What it does not take is rescued when this process is gone. */
const STORE_PATIENCE_MS = 5_000;
/** A task that was claimed ahead and has waited this long is handed back: the ones before it are not as short as thought. */
const MAX_BUFFERED_MS = 250;

/**
 * The workers of one queue in this process.
 *
 *     claimed ──> buffered ──a worker is free──> running ──outcome──> settling ──stored──> gone
 *                    │                              │
 *                    └────────── close() ───────────┴──> handed back
 *
 * Short tasks are claimed a little ahead of the workers (buffered), so that one commit serves many; how far is measured,
 * so that a task is never kept waiting here that another process could run.
 */
export class QueueWorkers implements Consumer, PoolConsumer {
  private readonly buffered: HeldTask[] = [];
  private readonly running = new InHand<HeldTask>();
  /** Attempts that have ended and are not stored yet. */
  private settling = 0;
  private allStored?: () => void;
  private readonly budget = new EventLoopBudget(TURN_BUDGET_MS);
  private startingLater = false;
  private readonly pace = new ClaimPace();
  private closing = false;
  private staleTimer?: NodeJS.Timeout;

  hungry = true;
  claimsAhead = true;
  paused = false;
  size: number;

  constructor(
    readonly queue: string,
    readonly options: ConsumeOptions,
    private readonly run: RunTask,
    private readonly host: ConsumerHost,
  ) {
    this.size = options.concurrency;
  }

  resize(size: number): void {
    this.size = size;
    if (this.closing) return;
    this.startBuffered();
  }

  demand(): number {
    if (this.closing) return 0;
    const { startable } = this.pace;
    const ahead = Math.min(this.ahead(), startable);
    if (this.buffered.length > ahead / 2) return 0;
    return Math.max(0, Math.min(this.size - this.running.size + ahead, startable) - this.buffered.length);
  }

  get room(): number {
    const free = this.size - this.running.size;
    return Math.max(0, Math.min(free, this.pace.startable) - this.buffered.length);
  }

  get holdsAhead(): boolean {
    return this.buffered.length > 0;
  }

  deliver(tasks: readonly HeldTask[]): void {
    this.pace.claimed(monotonicTime() - tasks[0]!.claimedAt);
    for (const task of tasks) this.buffered.push(task);
    if (this.paused) this.pause();
    else if (!this.closing) this.startBuffered();
  }

  pause(): void {
    this.paused = true;
    this.handBack(this.buffered.splice(0));
  }

  *held(): Iterable<HeldTask> {
    yield* this.buffered;
    yield* this.running;
  }

  async close(grace: number): Promise<void> {
    this.closing = true;
    await this.host.fetched();
    this.handBack(this.buffered.splice(0));
    const left = await this.running.drain(grace);
    for (const running of left) this.running.delete(running);
    this.handBack(left);
    await isInTime(this.settled(), STORE_PATIENCE_MS);
    this.host.forget(this);
  }

  private get isLimited(): boolean {
    return this.options.rateLimit !== null || this.options.limits !== undefined;
  }

  private ahead(): number {
    if (!this.claimsAhead || this.isLimited) return 0;
    return Math.min(this.pace.aheadOf(this.size), this.host.maxPrefetched);
  }

  private startBuffered(): void {
    while (this.running.size < this.size && this.buffered.length > 0) {
      if (this.budget.isOver) {
        this.startLater();
        break;
      }
      const next = this.buffered.shift()!;
      if (next.aborted === null) this.begin(next);
      // Cancelled before it began: the store ends it. Of a lost lease there is nothing to give back.
      else if (next.aborted.reason !== 'lease-lost') this.handBack([next]);
    }
    if (this.buffered.length > 0) this.handBackLater();
    if (this.hungry && this.demand() > 0) this.host.fetch();
  }

  /**
   * The start is noted before the lease is looked at: where this process is stopped after the look, and others take it for
   * dead, they find the note and do not give the same attempt away.
   */
  private begin(next: HeldTask): void {
    this.host.begin(next);
    // This process was not let run meanwhile, and others may have taken it for dead.
    if (monotonicTime() - next.claimedAt > this.host.trustedFor) this.handBack([next]);
    else void this.work(next);
  }

  private startLater(): void {
    if (this.startingLater) return;
    this.startingLater = true;
    setImmediate(() => {
      this.startingLater = false;
      if (!this.closing) this.startBuffered();
    });
  }

  private async work(running: HeldTask): Promise<void> {
    this.running.add(running);
    running.startedAt = this.host.now();
    const began = monotonicTime();
    this.pace.started(began, this.buffered.length === 0);
    const run = this.run(running);
    running.handedOver();
    const outcome = await run;
    this.pace.ran(monotonicTime() - began);
    // Not there any more: close() has handed it back, or its lease was lost.
    if (this.running.delete(running)) this.settle(running, outcome);
    if (!this.closing) this.startBuffered();
  }

  private settle(running: HeldTask, outcome: Outcome): void {
    this.settling += 1;
    running.endedAt = this.host.now();
    this.host.settle(running, outcome, this.onStored);
  }

  private readonly onStored = (): void => {
    this.settling -= 1;
    if (this.settling === 0) this.allStored?.();
  };

  private async settled(): Promise<void> {
    if (this.settling > 0) await new Promise<void>((resolve) => (this.allStored = resolve));
  }

  private handBack(tasks: readonly HeldTask[]): void {
    for (const running of tasks) {
      this.settle(running, { kind: 'released', maxAttempts: running.task.maxAttempts });
    }
  }

  private handBackLater(): void {
    this.staleTimer ??= setTimeout(() => {
      this.staleTimer = undefined;
      const oldest = this.buffered[0];
      if (!oldest || this.closing) return;
      if (monotonicTime() - oldest.claimedAt < MAX_BUFFERED_MS) return this.handBackLater();
      this.pace.forgetRuns();
      this.hungry = true;
      this.handBack(this.buffered.splice(0));
    }, MAX_BUFFERED_MS).unref();
  }
}

/**
 * How long one kind of work has gone on within a turn of the event loop. Handlers that have nothing to wait for would
 * follow one another in one turn, by the hundred, and an HTTP request would wait for all of them.
 */
export class EventLoopBudget {
  private since: number | null = null;

  /** @param longest milliseconds */
  constructor(private readonly longest: number) {}

  /** Whether it is time to let other work have its turn. */
  get isOver(): boolean {
    const now = monotonicTime();
    if (this.since === null) {
      this.since = now;
      setImmediate(() => (this.since = null));
    }
    return now - this.since > this.longest;
  }
}
