import { setImmediate as turn } from 'node:timers/promises';
import { uuidv7, V7Generator } from 'uuidv7';
import { ManualClock } from '../../lib/clock/index.js';
import type { Consumer, NewTask, Outcome } from '../../lib/engine/port/index.js';
import { sqliteEngine } from '../../lib/engine/sqlite/index.js';
import { CostMeter, type Cost } from './cost-meter.js';
import { fill } from './filler.js';

const ids = new V7Generator();

const QUEUE = 'work';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Of each step. */
export const TASKS = 1_000;

export type Step =
  | 'enqueue, one awaiting'
  | 'enqueue, 100 awaiting'
  | 'enqueue, 1,000 in one call'
  | 'drain, 10 at once'
  | 'fail, to be retried, 10 at once'
  | 'promote what has come due'
  | 'prune what has expired';

/**
 * What a store does all day, and what each step costs for {@link TASKS} tasks.
 * @param others how many tasks of each state stand about meanwhile: ended, waiting for their time, waiting for a worker
 */
export async function lifeOfAStore(others: number): Promise<Record<Step, Cost>> {
  const clock = new ManualClock();
  const meter = new CostMeter();
  const engine = sqliteEngine(
    { database: ':memory:', synchronous: 'full', lease: 60_000, maxLostAttempts: 3 },
    {
      clock,
      logger: { log: () => undefined, warn: console.warn, error: console.error },
      keepFor: () => null,
      nextRun: () => null,
      mask: (params) => params,
      newId: uuidv7,
    },
  );

  function newTasks(count: number): NewTask[] {
    const now = clock.now();
    const common = { queue: QUEUE, name: 'job', params: '{"to":"ann@example.com"}', priority: 1, maxAttempts: 3 };
    return Array.from({ length: count }, () => ({
      ...common,
      // By the clock that says when it was enqueued, however long the machine took to come here.
      id: ids.generateOrResetWithTs(now).toString(),
      runAt: now,
      createdAt: now,
      settings: null,
      sensitive: [],
    }));
  }

  /** Runs all that are available, which are `count`. */
  async function runAll(count: number, outcome: () => Outcome): Promise<void> {
    let left = count;
    let allRan = (): void => undefined;
    const done = new Promise<void>((resolve) => (allRan = resolve));
    const consumer = await consume(QUEUE, async () => {
      left -= 1;
      if (left === 0) allRan();
      return outcome();
    });
    await done;
    await consumer.close(MINUTE_MS);
  }

  function consume(queue: string, run: () => Promise<Outcome>): Promise<Consumer> {
    return engine.delivering.consume(queue, { concurrency: 10, priority: 0, rateLimit: null }, run);
  }

  /** Waits until no more than `most` tasks of the queue are in `state`. */
  async function untilLeft(state: string, most: number): Promise<void> {
    const sql = `SELECT count(*) FROM tasks_task WHERE queue = ? AND state = ? AND name = 'job'`;
    while (meter.peek(sql, QUEUE, state) > most) await turn();
  }

  try {
    await engine.open();
    const queues = { completed: QUEUE, scheduled: QUEUE, available: 'other' };
    fill(meter.database, { count: others, queues }, clock.now());

    const one = await meter.measure(async () => {
      for (const task of newTasks(TASKS)) await engine.enqueueing.enqueue([task]);
    });
    const hundred = await meter.measure(async () => {
      for (let index = 0; index < TASKS; index += 100) {
        await Promise.all(newTasks(100).map((task) => engine.enqueueing.enqueue([task])));
      }
    });
    await runAll(2 * TASKS, () => ({ kind: 'completed', keepFor: null, maxAttempts: 3 }));
    const many = await meter.measure(() => engine.enqueueing.enqueue(newTasks(TASKS)));
    const drain = await meter.measure(() =>
      runAll(TASKS, () => ({ kind: 'completed', keepFor: HOUR_MS, maxAttempts: 3 })),
    );

    await engine.enqueueing.enqueue(newTasks(TASKS));
    const retryAt = clock.now() + MINUTE_MS;
    const error = { name: 'Error', message: 'no route' };
    const retry = await meter.measure(() =>
      runAll(TASKS, () => ({ kind: 'retry', at: retryAt, error, countsAttempt: true, maxAttempts: 3 })),
    );

    // Of another queue, so that only the duties have work.
    const idle = await consume('idle', () => Promise.reject(new Error('there is no task')));
    const promote = await meter.measure(async () => {
      clock.advance(MINUTE_MS);
      await untilLeft('retryable', 0);
    });
    const prune = await meter.measure(async () => {
      clock.advance(HOUR_MS);
      await untilLeft('completed', 2 * TASKS);
    });
    await idle.close(MINUTE_MS);
    return {
      'enqueue, one awaiting': one,
      'enqueue, 100 awaiting': hundred,
      'enqueue, 1,000 in one call': many,
      'drain, 10 at once': drain,
      'fail, to be retried, 10 at once': retry,
      'promote what has come due': promote,
      'prune what has expired': prune,
    };
  } finally {
    await engine.close();
    meter.stop();
  }
}
