import type { ConsumeOptions, Consumer, Outcome, RunTask } from '../../task-engine.js';
import { atMost } from '../patience.js';
import type { ClaimedTask } from '../statements/claim-tasks.js';
import { RunningTask, type ReportDesk } from './running-task.js';
import { Stretch } from './stretch.js';

/** Tasks are claimed ahead only as far as the workers get through them in this time. */
const PREFETCH_MS = 10;
const MOST_PREFETCHED = 250;
/** Tasks are started for this long at a stretch; then whatever else waits has its turn. */
const LONGEST_STRETCH_MS = 2;
/** Weight of the newest run in the average. */
const SMOOTHING = 0.1;
/** How long handlers get to react to their aborted signal before their tasks are handed back. */
const ABORT_PATIENCE_MS = 1_000;
/** How long closing waits for the store to take outcomes. What it does not take is rescued when this process is gone. */
const STORE_PATIENCE_MS = 5_000;
/** A task that was claimed ahead and has waited this long is handed back: the ones before it are not as short as thought. */
const LONGEST_BUFFERED_MS = 250;

/** What a consumer needs of the engine around it. */
export interface ConsumerHost extends ReportDesk {
  /** Asks for a claim: there is room, and there may be work. */
  fetch(): void;
  /** Settles when the claim that is under way, if any, has delivered. */
  fetched(): Promise<void>;
  /** Stores how an attempt ended; calls `onSettled` when that is durable or the lease was found lost. */
  settle(running: RunningTask, outcome: Outcome, onSettled: () => void): void;
  forget(consumer: QueueConsumer): void;
}

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
export class QueueConsumer implements Consumer {
  private readonly buffered: RunningTask[] = [];
  private readonly running = new Set<RunningTask>();
  /** Attempts that have ended and are not stored yet. */
  private settling = 0;
  private allSettled?: () => void;
  private readonly stretch = new Stretch(LONGEST_STRETCH_MS);
  private startingLater = false;
  private averageRunMs = PREFETCH_MS;
  private closing = false;
  private idle?: () => void;
  private staleTimer?: NodeJS.Timeout;

  /** Whether a claim might find something: true until one came back with less than was asked for. */
  hungry = true;

  constructor(
    readonly queue: string,
    readonly options: ConsumeOptions,
    private readonly run: RunTask,
    private readonly host: ConsumerHost,
  ) {}

  /** How many tasks to claim now; 0 while there are enough at hand. */
  demand(): number {
    if (this.closing) return 0;
    const prefetch = this.prefetch();
    if (this.buffered.length > prefetch / 2) return 0;
    return this.options.concurrency - this.running.size + prefetch - this.buffered.length;
  }

  deliver(tasks: readonly ClaimedTask[]): void {
    for (const task of tasks) this.buffered.push(new RunningTask(task, this.host));
    if (!this.closing) this.startBuffered();
  }

  /** Every task whose lease this consumer holds. */
  *held(): Iterable<RunningTask> {
    yield* this.buffered;
    yield* this.running;
  }

  async close(grace: number): Promise<void> {
    this.closing = true;
    await this.host.fetched();
    this.handBack(this.buffered.splice(0));
    await this.waitUntilIdle(grace);
    if (this.running.size > 0) {
      for (const running of this.running) running.abort('shutdown', 'The process is shutting down');
      await this.waitUntilIdle(ABORT_PATIENCE_MS);
    }
    const left = [...this.running];
    this.running.clear();
    this.handBack(left);
    await atMost(STORE_PATIENCE_MS, this.settled());
    this.host.forget(this);
  }

  private prefetch(): number {
    if (this.averageRunMs >= PREFETCH_MS) return 0;
    const perWorker = PREFETCH_MS / Math.max(this.averageRunMs, 0.01);
    return Math.min(Math.ceil(this.options.concurrency * perWorker), MOST_PREFETCHED);
  }

  private startBuffered(): void {
    while (this.running.size < this.options.concurrency && this.buffered.length > 0) {
      if (this.stretch.isOver) {
        this.startLater();
        break;
      }
      const next = this.buffered.shift()!;
      if (next.abortedBy === null) void this.work(next);
      // Cancelled before it began: the store ends it. Of a lost lease there is nothing to give back.
      else if (next.abortedBy !== 'lease-lost') this.handBack([next]);
    }
    if (this.buffered.length > 0) this.handBackLater();
    if (this.hungry && this.demand() > 0) this.host.fetch();
  }

  private startLater(): void {
    if (this.startingLater) return;
    this.startingLater = true;
    setImmediate(() => {
      this.startingLater = false;
      if (!this.closing) this.startBuffered();
    });
  }

  private async work(running: RunningTask): Promise<void> {
    this.running.add(running);
    running.startedAt = this.host.now();
    const began = performance.now();
    const outcome = await this.run(running);
    this.averageRunMs += SMOOTHING * (performance.now() - began - this.averageRunMs);
    // Not there any more: close() has handed it back, or its lease was lost.
    if (this.running.delete(running)) this.settle(running, outcome);
    if (this.running.size === 0) this.idle?.();
    if (!this.closing) this.startBuffered();
  }

  private settle(running: RunningTask, outcome: Outcome): void {
    this.settling += 1;
    this.host.settle(running, outcome, this.onSettled);
  }

  private readonly onSettled = (): void => {
    this.settling -= 1;
    if (this.settling === 0) this.allSettled?.();
  };

  private async settled(): Promise<void> {
    if (this.settling > 0) await new Promise<void>((resolve) => (this.allSettled = resolve));
  }

  private handBack(tasks: readonly RunningTask[]): void {
    for (const running of tasks) {
      this.settle(running, { kind: 'released', maxAttempts: running.task.maxAttempts ?? 1 });
    }
  }

  private handBackLater(): void {
    this.staleTimer ??= setTimeout(() => {
      this.staleTimer = undefined;
      const oldest = this.buffered[0];
      if (!oldest || this.closing) return;
      if (performance.now() - oldest.claimedAt < LONGEST_BUFFERED_MS) return this.handBackLater();
      this.averageRunMs = PREFETCH_MS;
      this.hungry = true;
      this.handBack(this.buffered.splice(0));
    }, LONGEST_BUFFERED_MS).unref();
  }

  private async waitUntilIdle(patience: number): Promise<void> {
    if (this.running.size === 0) return;
    await atMost(patience, new Promise<void>((resolve) => (this.idle = resolve)));
  }
}
