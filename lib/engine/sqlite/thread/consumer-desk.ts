import { monotonicTime, timeOfProcess } from '../../../clock/index.js';
import type { AbortCause } from '../../../contract/index.js';
import { abort } from '../../common/index.js';
import type { ConsumeOptions, Outcome, RunTask } from '../../port/index.js';
import { HeldTask } from '../consumer/completer.js';
import type { ConsumerHost } from '../consumer/pool-consumer.js';
import { QueueWorkers } from '../consumer/queue-workers.js';
import type { ClaimedTask } from '../sql/claim-tasks.js';
import { EndSender } from './end-sender.js';
import { unflatTask } from './flat-tasks.js';
import type { FlatDelivery, ToThread } from './messages.js';
import type { ThreadLife } from './thread-life.js';

/** From how long a handler has run its end is told at once: the next one may keep this thread from it for as long. */
const LONG_RUN_MS = 2;
/**
 * Tasks that wait here keep no statement and no commit from being made meanwhile, so there may be more of them than where
 * the engine is in this thread: one commit serves as many as have ended since the one before.
 */
const MAX_PREFETCHED = 500;
/**
 * When so many tasks more are wanted than were asked for, they are asked for at once and not with the turn's batch, and
 * the ends so far go along: handlers that wait for nothing get through more in one turn than is at hand, so this thread
 * would be idle while the other one claims, and the other one while they run.
 */
const MIN_ASKED_AT_ONCE = 125;

/** A task in hand, as both threads know it. */
class HandedTask extends HeldTask {
  /** Called once its end is durable. */
  onStored: (() => void) | null = null;

  constructor(
    task: ClaimedTask,
    desk: ConsumerDesk,
    claimedAt: number,
    readonly key: number,
    /** The thread that holds its lease. */
    readonly life: ThreadLife,
  ) {
    super(task, desk, claimedAt);
  }
}

/**
 * In the app's thread: the workers of a queue, for which the engine claims in its own. Outlives that thread: what was in
 * hand is then another's, and the workers go on with what the next thread brings.
 */
export class ConsumerDesk implements ConsumerHost {
  readonly workers: QueueWorkers;
  private life: ThreadLife | null = null;
  private received = 0;
  private readonly held = new Map<number, HandedTask>();
  private readonly settling = new Map<number, HandedTask>();
  private readonly ends: EndSender;
  readonly maxPrefetched = MAX_PREFETCHED;
  private wantIsSent = false;
  /** Tasks that the thread was asked for, of those that had not arrived when it was. */
  private asked = 0;

  constructor(
    readonly id: number,
    readonly queue: string,
    readonly options: ConsumeOptions,
    run: RunTask,
    readonly trustedFor: number,
    readonly now: () => number,
  ) {
    this.ends = new EndSender(id);
    this.workers = new QueueWorkers(queue, options, run, this);
  }

  /** A thread works for this desk from now on. */
  async join(life: ThreadLife): Promise<void> {
    // It is told where others are set.
    this.workers.size = this.options.concurrency;
    this.life = life;
    this.received = 0;
    this.asked = 0;
    await life.ask(['consume', this.id, this.queue, this.options, this.workers.demand(), this.workers.room]);
  }

  /** The thread is gone, and with it the leases: others may run these tasks. */
  loseThread(): void {
    this.life = null;
    this.wantIsSent = false;
    for (const running of this.held.values()) {
      abort(
        running,
        'lease-lost',
        'The lease was lost: the thread of the task store ended and the task was given to another',
      );
    }
    this.held.clear();
    const settling = [...this.settling.values()];
    this.settling.clear();
    for (const { onStored } of settling) onStored!();
  }

  deliver({ key, claimedAt, claimsAhead, worker, limited, tasks }: FlatDelivery, life: ThreadLife): void {
    const since = monotonicTime() - (timeOfProcess() - claimedAt);
    const handed = tasks.map((flat, index) => {
      const task = unflatTask(flat, this.queue, worker);
      return new HandedTask(limited ? { ...task, limits: [] } : task, this, since, key + index, life);
    });
    for (const running of handed) this.held.set(running.key, running);
    this.received += handed.length;
    this.asked = Math.max(0, this.asked - handed.length);
    this.workers.claimsAhead = claimsAhead;
    // It was not when they were claimed, and a pause since would have been told of since.
    this.workers.paused = false;
    this.workers.deliver(handed);
  }

  abort(key: number, cause: AbortCause, message: string): void {
    const running = this.held.get(key);
    if (running) abort(running, cause, message);
  }

  stored(keys: readonly number[]): void {
    for (const key of keys) {
      const running = this.settling.get(key)!;
      this.settling.delete(key);
      running.begun?.starts.release(running.begun.place);
      running.onStored!();
    }
  }

  begin(running: HeldTask): void {
    const notes = this.life?.notes;
    if (notes?.starts && notes.worker === running.task.worker) {
      running.begun = { starts: notes.starts, place: notes.starts.note(running.task.seq, running.task.attempt) };
    }
  }

  fetch(): void {
    if (!this.life) return;
    const { channel } = this.life;
    if (!this.wantIsSent) {
      this.wantIsSent = true;
      channel.send(() => this.want());
    }
    if (this.workers.demand() - this.asked >= MIN_ASKED_AT_ONCE) channel.flush();
  }

  private want(): ToThread {
    this.wantIsSent = false;
    this.asked = this.workers.demand();
    return ['want', this.id, this.asked, this.workers.room, this.received];
  }

  async fetched(): Promise<void> {
    // Of a thread that is gone nothing comes any more.
    await this.life?.ask(['finish', this.id]).catch(() => undefined);
  }

  settle(running: HeldTask, outcome: Outcome, onStored: () => void): void {
    const handed = running as HandedTask;
    const { key, life } = handed;
    if (life !== this.life) return onStored();
    this.held.delete(key);
    this.settling.set(key, handed);
    handed.onStored = onStored;
    this.ends.send(life.channel, key, outcome, handed);
    if (running.startedAt === null || running.endedAt! - running.startedAt < LONG_RUN_MS) return;
    this.fetch();
    life.channel.flush();
  }

  report(running: HeldTask): void {
    const { key, life } = running as HandedTask;
    if (life !== this.life) return;
    const { pendingProgress, pendingLogs } = running;
    running.pendingProgress = null;
    running.pendingLogs = [];
    this.ends.keepOrder();
    life.channel.send(['report', this.id, key, pendingProgress, pendingLogs]);
  }

  called(running: HeldTask): void {
    const { key, life, calledAt } = running as HandedTask;
    // Where its end is on its way before this, its start counts from then.
    if (life === this.life) life.channel.send(['called', this.id, key, calledAt!]);
  }

  /** The workers are closed, and have nothing more in hand. */
  forget(): void {}
}
