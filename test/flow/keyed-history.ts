import { ManualClock } from '../../lib/clock/index.js';
import { noTasks, type QueueFlow, type StateCounts } from '../../lib/contract/index.js';
import type { Consumer, NewTask, TaskEngine } from '../../lib/engine/port/index.js';
import { sqliteEngine } from '../../lib/engine/sqlite/index.js';
import {
  completed,
  contextWith,
  Deliveries,
  failed,
  type Held,
  MINUTE,
  newTask,
  retryAt,
  START,
  until,
} from '../conformance/harness.js';

const QUEUE = 'work';
const KEYS = ['a', 'b', 'c'];
const WORKERS = 4;
const RATE = { max: 2, per: 3 * MINUTE };

/** A rule of slots by key that an engine has broken. */
export class BrokenRule extends Error {
  override readonly name = 'BrokenRule';
}

/** Numbers that follow from a seed. */
function dice(seed: number): (sides: number) => number {
  let state = seed >>> 0;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/**
 * Does `steps` things at random with the tasks of a few keys, and looks after each of them whether no key has more tasks that
 * are ready or run than slots, and none is held while a slot of its key is free. Where keys have a rate limit, no span of that
 * length has more starts of one. In the end every task must get to its end.
 *
 * @throws BrokenRule
 */
export async function runKeyedHistory(seed: number, steps: number): Promise<void> {
  const history = new KeyedHistory(seed);
  await history.open();
  try {
    for (let step = 0; step < steps; step += 1) await history.step();
    await history.drain();
  } finally {
    await history.close();
  }
}

class KeyedHistory {
  private readonly roll: (sides: number) => number;
  private readonly clock = new ManualClock(START);
  private readonly flow: QueueFlow;
  private readonly engine: TaskEngine;
  private deliveries = new Deliveries();
  private consumer: Consumer | null = null;
  private readonly ids: string[] = [];
  private running: Held[] = [];
  private slots = 1;
  private done = 'nothing';
  private broken: BrokenRule | null = null;
  /** When tasks of each key were begun. */
  private readonly starts = new Map<string, number[]>();

  constructor(seed: number) {
    this.roll = dice(seed);
    const fair = this.roll(2) === 0;
    this.flow = {
      keyConcurrency: this.slots,
      ...(fair && { fair: true as const }),
      ...(this.roll(3) === 0 && { globalConcurrency: 3 }),
      ...(this.roll(2) === 0 && { keyRateLimit: RATE }),
    };
    const context = contextWith(this.clock, { flows: new Map([[QUEUE, this.flow]]), keepFor: () => null });
    const options = { database: ':memory:', synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 } as const;
    this.engine = sqliteEngine(options, context);
  }

  async open(): Promise<void> {
    await this.engine.open();
    await this.consume();
  }

  async close(): Promise<void> {
    for (const held of this.taken()) held.end(completed);
    await this.consumer?.close(0);
    await this.engine.close();
  }

  async step(): Promise<void> {
    const { acting } = this.engine;
    const target = { ids: [this.ids[this.roll(Math.max(1, this.ids.length))] ?? 'none'] };
    switch (this.roll(13)) {
      case 0:
      case 1:
      case 2:
        return this.did('enqueue', this.enqueue(1 + this.roll(4)));
      case 3:
      case 4:
      case 5:
        return this.did('end', this.end());
      case 6:
        return this.did('cancel', acting.act('cancel', target));
      case 7:
        return this.did('delete', acting.act('delete', target));
      case 8:
        return this.did('retry', acting.act(this.roll(2) === 0 ? 'retry' : 'run-now', target));
      case 9:
        return this.did('update', acting.update!(target.ids[0]!, this.change()));
      case 10:
        return this.did('time', Promise.resolve(this.clock.advance(MINUTE)));
      case 11:
        this.slots = 1 + this.roll(3);
        return this.did('slots', this.engine.keying!.setFlow(QUEUE, { keyConcurrency: this.slots }));
      default:
        return this.did('restart', this.roll(3) === 0 ? this.restart() : this.bulk());
    }
  }

  /** Ends whatever there is, until nothing waits any more. */
  async drain(): Promise<void> {
    this.done = 'drain';
    const isDone = async (): Promise<boolean> => {
      this.clock.advance(MINUTE);
      for (const held of this.taken()) held.end(completed);
      const { scheduled, available, held, running, retryable } = await this.counts();
      return scheduled + available + held + running + retryable === 0;
    };
    for (let looks = 0; looks < 3_000; looks += 1) {
      if (await isDone()) return this.check();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    throw new BrokenRule(`Tasks are left that nothing runs: ${JSON.stringify(await this.counts())}`);
  }

  private async did(what: string, doing: Promise<unknown>): Promise<void> {
    this.done = what;
    await doing;
    await this.check();
  }

  private async check(): Promise<void> {
    if (this.broken) throw this.broken;
    const { keys } = await this.engine.keying!.keys(QUEUE, { limit: 10 });
    for (const { key, held, available, running } of keys) {
      const told = `after "${this.done}", key "${key}" with ${this.slots} slots has ${held} held, ${available} ready, ${running} running`;
      // What runs is not interrupted where there are fewer slots than there were.
      if (available + running > Math.max(this.slots, running)) throw new BrokenRule(`Too many: ${told}`);
      if (held > 0 && available + running < this.slots) throw new BrokenRule(`Idle: ${told}`);
    }
  }

  /** No span of the limit's length ends with more than it allows. */
  private begins(key: string): void {
    if (!this.flow.keyRateLimit || key === '') return;
    const now = this.clock.now();
    const starts = [...(this.starts.get(key) ?? []), now].filter((at) => at > now - RATE.per);
    this.starts.set(key, starts);
    if (starts.length > RATE.max) this.broken ??= new BrokenRule(`Key "${key}" had ${starts.length} starts in a span`);
  }

  private async enqueue(count: number): Promise<void> {
    const tasks: NewTask[] = [];
    for (let made = 0; made < count; made += 1) {
      const traits = this.roll(6) === 0 ? { key: '' } : { key: KEYS[this.roll(KEYS.length)]! };
      const runAt = this.clock.now() + (this.roll(5) === 0 ? MINUTE : 0);
      tasks.push(newTask(this.clock, { queue: QUEUE, traits, runAt, priority: this.roll(3) }));
    }
    this.ids.push(...tasks.map(({ id }) => id));
    await this.engine.enqueueing.enqueue(tasks);
  }

  private async end(): Promise<void> {
    const [held] = this.taken(1);
    if (!held) return;
    const outcomes = [
      completed,
      failed(),
      retryAt(this.clock.now() + MINUTE),
      retryAt(this.clock.now()),
      { kind: 'released', maxAttempts: 4 } as const,
    ];
    held.end(outcomes[this.roll(outcomes.length)]!);
    await until(this.engine, async () => {
      const task = await this.engine.inspecting.get(held.id);
      return task === null || task.state !== 'running' || task.attempt !== held.attempt;
    });
  }

  private async bulk(): Promise<void> {
    await this.engine.acting.act('cancel', { filter: { queue: QUEUE, state: ['held', 'available'] } });
  }

  private async restart(): Promise<void> {
    await this.consumer!.close(0);
    this.running = [];
    await this.consume();
  }

  private async consume(): Promise<void> {
    const deliveries = new Deliveries();
    this.deliveries = deliveries;
    this.consumer = await this.engine.delivering.consume(
      QUEUE,
      { concurrency: WORKERS, priority: 0, rateLimit: null },
      (delivery) => {
        this.begins(delivery.task.traits!.key!);
        const outcome = deliveries.run(delivery);
        return Promise.race([
          outcome,
          new Promise<typeof CANCELLED>((resolve) => (delivery.onAbort = () => resolve(CANCELLED))),
        ]);
      },
    );
  }

  private change(): { priority?: number; runAt?: number } {
    return this.roll(2) === 0
      ? { priority: this.roll(5) }
      : { runAt: this.clock.now() + (this.roll(2) === 0 ? 0 : MINUTE) };
  }

  private async counts(): Promise<StateCounts> {
    const [queue] = await this.engine.inspecting.queues();
    return queue?.counts ?? noTasks();
  }

  /** Takes what runs out of the hands of the test, at most so many. */
  private taken(most = Infinity): Held[] {
    while (this.deliveries.pending > 0) void this.deliveries.next().then((held) => this.running.push(held));
    return this.running.splice(0, most);
  }
}

const CANCELLED = { kind: 'cancelled', maxAttempts: 4, keepFor: null } as const;
