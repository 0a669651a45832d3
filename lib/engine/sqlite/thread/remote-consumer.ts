import { monotonicTime, timeOfProcess } from '../../../clock/index.js';
import type { TaskProgress } from '../../../contract/index.js';
import type { ConsumeOptions, Outcome } from '../../port/index.js';
import type { HeldTask, NewLog } from '../consumer/completer.js';
import type { ConsumerHost, PoolConsumer } from '../consumer/pool-consumer.js';
import type { Channel } from './channel.js';
import { flatTask } from './flat-tasks.js';
import type { ToApp } from './messages.js';

/** What the workers of a consumer want, and how many tasks they had been given when they said so. */
interface Wanted {
  readonly demand: number;
  readonly room: number;
  readonly received: number;
}

/** All that is said of a completion: one that says more is to be sent by itself, see `EndSender`. */
type Completion = Required<Omit<Extract<Outcome, { kind: 'completed' }>, 'result' | 'followUps'>>;

/** In the engine's thread: a consumer whose workers are in the app's, see {@link ConsumerDesk}. */
export class RemoteConsumer implements PoolConsumer {
  hungry = true;
  claimsAhead = true;
  paused = false;
  /** Tasks that the workers have in hand, by the key under which both threads speak of one. */
  private readonly tasks = new Map<number, HeldTask>();
  private delivered = 0;
  private finishing = false;
  private stored: number[] = [];
  size: number;

  constructor(
    private readonly id: number,
    readonly queue: string,
    readonly options: ConsumeOptions,
    private wanted: Wanted,
    private readonly host: ConsumerHost,
    private readonly channel: Channel<ToApp>,
  ) {
    this.size = options.concurrency;
  }

  resize(size: number): void {
    this.size = size;
    this.channel.send(['resize', this.id, size]);
  }

  /** What the workers said last, less what is on its way to them. */
  demand(): number {
    return this.finishing ? 0 : Math.max(0, this.wanted.demand - this.onTheirWay);
  }

  get room(): number {
    return Math.max(0, this.wanted.room - this.onTheirWay);
  }

  /** Whether a task has begun is known where it runs. */
  get holdsAhead(): boolean {
    return this.tasks.size > 0;
  }

  want(demand: number, room: number, received: number): void {
    this.wanted = { demand, room, received };
    if (this.hungry && this.demand() > 0) this.host.fetch();
  }

  deliver(tasks: readonly HeldTask[]): void {
    if (this.paused) {
      for (const running of tasks) this.handBack(running);
      return;
    }
    const key = this.delivered + 1;
    for (const running of tasks) this.hold(running);
    this.channel.send([
      'deliver',
      this.id,
      {
        key,
        claimedAt: timeOfProcess() - (monotonicTime() - tasks[0]!.claimedAt),
        claimsAhead: this.claimsAhead,
        worker: tasks[0]!.task.worker,
        limited: tasks.some(({ task }) => task.limits),
        tasks: tasks.map(({ task }) => flatTask(task)),
      },
    ]);
  }

  pause(): void {
    this.paused = true;
    this.channel.send(['pause', this.id]);
  }

  held(): Iterable<HeldTask> {
    return this.tasks.values();
  }

  report(key: number, progress: TaskProgress | null, logs: readonly NewLog[]): void {
    this.tasks.get(key)?.reported(progress, logs);
  }

  called(key: number, at: number): void {
    const running = this.tasks.get(key);
    if (!running) return;
    running.calledAt = at;
    this.host.called(running);
  }

  settle(key: number, outcome: Outcome, startedAt: number | null, endedAt: number | null): void {
    const running = this.tasks.get(key);
    if (!running) return;
    this.tasks.delete(key);
    running.startedAt = startedAt;
    running.endedAt = endedAt;
    this.host.settle(running, outcome, () => this.noteStored(key));
  }

  /** @param ends a key, its start and its end for each */
  complete(maxAttempts: number | null, keepFor: number | null, ends: readonly number[]): void {
    const outcome: Completion = { kind: 'completed', maxAttempts, keepFor };
    for (let at = 0; at < ends.length; at += 3) this.settle(ends[at]!, outcome, ends[at + 1]!, ends[at + 2]!);
  }

  /** Takes no more; resolves when the claim that is under way has delivered. */
  async finish(): Promise<void> {
    this.finishing = true;
    await this.host.fetched();
  }

  leave(): void {
    this.host.forget(this);
  }

  private get onTheirWay(): number {
    return this.delivered - this.wanted.received;
  }

  private hold(running: HeldTask): void {
    this.delivered += 1;
    const key = this.delivered;
    this.tasks.set(key, running);
    running.onAbort = ({ reason, message }) => this.channel.send(['abort', this.id, key, reason, message]);
  }

  private handBack(running: HeldTask): void {
    this.host.settle(running, { kind: 'released', maxAttempts: running.task.maxAttempts ?? 1 }, () => undefined);
  }

  private noteStored(key: number): void {
    if (this.stored.push(key) > 1) return;
    this.channel.send(() => {
      const keys = this.stored;
      this.stored = [];
      return ['stored', this.id, keys];
    });
  }
}
