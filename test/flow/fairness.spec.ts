import { expect, it } from 'vitest';
import { ManualClock } from '../../lib/clock/index.js';
import type { QueueFlow } from '../../lib/contract/index.js';
import { sqliteEngine } from '../../lib/engine/sqlite/index.js';
import { completed, contextWith, newTask, START } from '../conformance/harness.js';

/** As long as it takes with `FAIRNESS=full`: 100,000 tasks of one key, and ten of each of a thousand others. */
const [MANY, OTHERS] = process.env['FAIRNESS'] === 'full' ? [100_000, 1_000] : [3_000, 30];
const EACH = 10;
const QUEUE = 'imports';
const MANY_KEY = 'many';

/** The keys of a queue's tasks in the order in which they start, up to the last that is not of the one with very many. */
async function startsOf(flow: QueueFlow, many: number, others: number): Promise<string[]> {
  const clock = new ManualClock(START);
  const context = contextWith(clock, { flows: new Map([[QUEUE, flow]]) });
  const options = { database: ':memory:', synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 } as const;
  const engine = sqliteEngine(options, context);
  await engine.open();
  const enqueue = async (key: string, count: number): Promise<void> => {
    for (let left = count; left > 0; left -= 1_000) {
      const length = Math.min(left, 1_000);
      const tasks = Array.from({ length }, () => newTask(clock, { queue: QUEUE, traits: { key } }));
      await engine.enqueueing.enqueue(tasks);
    }
  };
  await enqueue(MANY_KEY, many);
  for (let other = 0; other < others; other += 1) await enqueue(`other-${other}`, EACH);
  const started: string[] = [];
  let ofOthers = 0;
  await new Promise<void>((allStarted, reject) => {
    engine.delivering
      .consume(QUEUE, { concurrency: 20, priority: 0, rateLimit: null }, async ({ task }) => {
        const key = task.traits!.key!;
        started.push(key);
        if (key !== MANY_KEY && ++ofOthers === others * EACH) allStarted();
        return completed;
      })
      .catch(reject);
  });
  await engine.close();
  return started;
}

it.each([
  ['one at a time of each key', { keyConcurrency: 1, fair: true }],
  ['any number of each key', { fair: true }],
] as const)(
  'one key with very many tasks does not keep the others waiting: %s',
  async (_what, flow) => {
    const started = await startsOf(flow, MANY, OTHERS);
    const last = started.findLastIndex((key) => key !== MANY_KEY);
    // A turn for each key, ten times, and a little for what was claimed beside it.
    expect(last).toBeLessThan(2.1 * OTHERS * EACH);
  },
  600_000,
);

it('a key of weight three has three turns while others have one', async () => {
  const started = await startsOf({ fair: true, weights: { many: 3 } }, 300, 5);
  const last = started.findLastIndex((key) => key !== MANY_KEY);
  const before = started.slice(0, last + 1).filter((key) => key === MANY_KEY).length;
  expect(before).toBeGreaterThanOrEqual(3 * (EACH - 1));
  expect(before).toBeLessThanOrEqual(3 * (EACH + 1));
});
