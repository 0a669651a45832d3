import { uuidv7 } from 'uuidv7';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../clock/index.js';
import type { NewTask } from '../task-engine.js';
import { SqliteEngine } from './sqlite-engine.js';

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

function task(given: Partial<NewTask> = {}): NewTask {
  const now = Date.now();
  const common = { queue: 'emails', name: 'send', params: '{}', priority: 0, maxAttempts: 3, settings: null };
  return { id: uuidv7(), ...common, runAt: now, createdAt: now, sensitive: [], ...given };
}

describe('Tasks that many callers enqueue in one turn', () => {
  let engine: SqliteEngine;

  beforeEach(async () => {
    engine = new SqliteEngine(
      { database: ':memory:', synchronous: 'full', lease: 10_000, maxLostAttempts: 3 },
      {
        clock: new SystemClock(),
        logger: silent,
        keepFor: () => null,
        nextRun: () => null,
        mask: (params) => params,
        newId: uuidv7,
      },
    );
    await engine.open();
  });

  afterEach(() => engine.close());

  it('are all stored, as each was given, in the order of the calls', async () => {
    const tasks = Array.from({ length: 1_234 }, (_, index) =>
      task({
        params: JSON.stringify({ index }),
        priority: index % 300 === 0 ? 1 : 0,
        ...(index % 97 === 0 && { runAt: Date.now() + 3_600_000 }),
        ...(index % 89 === 0 && { sensitive: ['password'], settings: '{"maxRetries":2}' }),
      }),
    );
    await Promise.all(tasks.map((each) => engine.enqueue([each])));
    const { items } = await engine.list({ queue: 'emails' }, { limit: 2_000 });
    expect(items.toReversed().map(({ id, params, priority, runAt }) => ({ id, params, priority, runAt }))).toEqual(
      tasks.map(({ id, params, priority, runAt }) => ({ id, params: JSON.parse(params) as unknown, priority, runAt })),
    );
    const scheduled = tasks.filter(({ runAt, createdAt }) => runAt > createdAt).length;
    expect((await engine.queues())[0]!.counts).toMatchObject({ scheduled, available: tasks.length - scheduled });
  });

  it('do not fail for one that cannot be stored', async () => {
    const wrong = task({ params: Symbol('no text') as unknown as string });
    const [first, second, third] = await Promise.allSettled([
      engine.enqueue([task()]),
      engine.enqueue([task(), wrong]),
      engine.enqueue([task()]),
    ]);
    expect([first.status, second.status, third.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await engine.queues())[0]!.counts.available).toBe(2);
  });

  it('are counted once when they are handed over twice', async () => {
    const tasks = Array.from({ length: 60 }, () => task());
    await engine.enqueue(tasks.slice(0, 7));
    await Promise.all([engine.enqueue(tasks), engine.enqueue(tasks)]);
    expect((await engine.queues())[0]!.counts.available).toBe(60);
  });
});
