import { setTimeout as sleep } from 'node:timers/promises';
import { ENDED_STATES, TASK_STATES } from '../../../lib/contract/index.js';
import type { TaskDispatcher } from '../../../lib/queueing/index.js';
import { Random } from '../../kill/support/random.js';
import type { Desk } from './desk.js';
import { MAX_DELAY_MS, type Production } from './setup.js';

const OPEN_STATES = TASK_STATES.filter((state) => !ENDED_STATES.some((ended) => ended === state));
/** Between two looks at how many tasks have not ended. */
const LOOK_EVERY_MS = 250;
const STEP_MS = 20;
/** Later than a clock that was moved says, and not later than those say that bring a round to its end. */
const FAR_MS = { least: 10 * 60_000, most: MAX_DELAY_MS };

/** Enqueues tasks of all kinds at a steady rate, from a seed. */
export class Producer {
  private readonly random: Random;
  private readonly pending = new Set<Promise<void>>();
  private readonly cancellable: string[] = [];
  private stopping = false;
  private tooMany = false;

  constructor(
    private readonly tasks: TaskDispatcher,
    private readonly desk: Desk,
    private readonly production: Production,
    /** Whether clocks can be moved: some tasks are then for a time that only a moved clock reaches. */
    private readonly movesClocks: boolean,
  ) {
    this.random = new Random(production.seed);
  }

  /** Resolves when it was stopped and every call that it made has settled. */
  async run(): Promise<void> {
    const look = setInterval(() => void this.desk.allow(this.look()), LOOK_EVERY_MS);
    let due = 0;
    let last = performance.now();
    while (!this.stopping) {
      const now = performance.now();
      if (!this.tooMany) due += ((now - last) * this.production.tasksPerSecond) / 1_000;
      last = now;
      // Calls that do not settle pile up otherwise, while the store is locked or gone.
      while (due > 0 && this.pending.size < 500) due -= this.enqueueSome();
      due = Math.min(due, this.production.tasksPerSecond);
      await sleep(STEP_MS);
    }
    clearInterval(look);
    await Promise.all(this.pending);
  }

  stop(): void {
    this.stopping = true;
  }

  private async look(): Promise<void> {
    const stats = await this.tasks.stats();
    const open = stats.flatMap(({ counts }) => OPEN_STATES.map((state) => counts[state]));
    this.tooMany = open.reduce((sum, count) => sum + count, 0) > this.production.mostOpen;
  }

  /** Returns how many tasks it is going to enqueue. */
  private enqueueSome(): number {
    const { random, tasks, desk } = this;
    const kind = random.next();
    if (kind < 0.25) {
      const count = random.between(5, this.production.largestBatch);
      const name = random.next() < 0.1 ? 'brief' : 'quick';
      this.attempt(desk.queueMany(tasks, name, count, this.priority()));
      return count;
    }
    const key = desk.key();
    if (kind < 0.45) this.attempt(desk.queue(tasks, 'quick', { key }, { priority: this.priority() }));
    else if (kind < 0.58) this.enqueueFailing(key);
    else if (kind < 0.66) this.attempt(desk.queue(tasks, 'spawn', { key, children: random.between(1, 3) }));
    else if (kind < 0.82) {
      const params = { key, ms: random.between(1, 4_000), heedful: random.next() < 0.5 };
      this.attempt(desk.queue(tasks, 'wait', params, { priority: this.priority() }));
    } else if (kind < 0.83) this.attempt(desk.queue(tasks, 'block', { key, ms: random.between(1, 50) }));
    else if (kind < 0.86) this.attempt(desk.queue(tasks, 'snooze', { key }));
    else if (kind < 0.89) this.attempt(desk.queue(tasks, 'report', { key, steps: random.between(1, 6) }));
    else if (kind < 0.92) this.attempt(desk.queue(tasks, 'transact', { key, commits: random.next() < 0.5 }));
    else if (kind < 0.95) this.attempt(desk.queueWithin(tasks, random.next() < 0.5));
    else this.enqueueDelayed(key);
    return 1;
  }

  private enqueueFailing(key: string): void {
    const retries = this.random.between(0, 3);
    const failures = this.random.between(0, 4);
    const ms = this.random.next() < 0.5 ? 0 : this.random.between(1, 500);
    this.attempt(this.desk.queue(this.tasks, 'fail', { key, failures, retries, ms }, { maxRetries: retries }));
  }

  /** For later; every other is cancelled, mostly before it began. */
  private enqueueDelayed(key: string): void {
    const { desk, tasks, random } = this;
    const far = this.movesClocks && random.next() < 0.2;
    const delay = far ? random.between(FAR_MS.least, FAR_MS.most) : random.between(10, 2_000);
    const stored = desk.queue(tasks, 'quick', { key }, { delay });
    this.attempt(
      stored.then(({ id }) => {
        this.cancellable.push(id);
      }),
    );
    if (this.cancellable.length > 1) this.attempt(desk.cancel(tasks, this.cancellable.shift()!));
    if (random.next() < 0.5) this.cancellable.shift();
  }

  private priority(): number {
    return this.random.pick([0, 0, 0, 0, 5, -5]);
  }

  private attempt(call: Promise<unknown>): void {
    const settled = this.desk.allow(call).finally(() => this.pending.delete(settled));
    this.pending.add(settled);
  }
}
