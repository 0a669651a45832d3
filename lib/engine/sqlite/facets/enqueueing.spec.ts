import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextWith, newTask, START } from '../../../../test/conformance/harness.js';
import { ManualClock } from '../../../clock/index.js';
import type { TaskEngine } from '../../port/index.js';
import { sqliteEngine } from '../sqlite-engine.js';

let folder: string;
let app: DataSource;
let engine: TaskEngine;
const clock = new ManualClock(START);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tasks-enqueueing-'));
  app = await new DataSource({ type: 'better-sqlite3', database: join(folder, 'app.db') }).initialize();
  engine = sqliteEngine(
    { database: app, synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 },
    { ...contextWith(clock), mask: (params) => params },
  );
  await engine.open();
});

afterEach(async () => {
  await engine.close();
  await app.destroy();
  await rm(folder, { recursive: true });
});

it("says in the app's transaction what became of each task, and takes it back with the transaction", async () => {
  const before = newTask(clock);
  await engine.enqueueing.enqueue([before]);
  const tasks = Array.from({ length: 70 }, () => newTask(clock));
  const given = [tasks[0]!, before, ...tasks.slice(1), tasks[5]!];
  const rolledBack = app.transaction(async (manager) => {
    expect(await engine.enqueueing.enqueue([tasks[0]!, tasks[0]!], manager)).toEqual(['stored', 'existing']);
    throw new Error('no');
  });
  await expect(rolledBack).rejects.toThrow('no');

  const answers = await app.transaction((manager) => engine.enqueueing.enqueue(given, manager));
  expect(answers).toEqual(given.map((_, index) => (index === 1 || index === 71 ? 'existing' : 'stored')));
  expect((await engine.inspecting.queues())[0]!.counts.available).toBe(71);
});

describe('Tasks that many callers enqueue in one turn', () => {
  it('are all stored, as each was given, in the order of the calls', async () => {
    const tasks = Array.from({ length: 1_234 }, (_, index) =>
      newTask(clock, {
        params: JSON.stringify({ index }),
        priority: index % 300 === 0 ? 1 : 0,
        ...(index % 97 === 0 && { runAt: clock.now() + 3_600_000 }),
        ...(index % 89 === 0 && { sensitive: ['password'], settings: '{"maxRetries":2}' }),
      }),
    );
    await Promise.all(tasks.map((each) => engine.enqueueing.enqueue([each])));
    const { items } = await engine.inspecting.list({ queue: 'default' }, { limit: 2_000 });
    expect(items.toReversed().map(({ id, params, priority, runAt }) => ({ id, params, priority, runAt }))).toEqual(
      tasks.map(({ id, params, priority, runAt }) => ({ id, params: JSON.parse(params) as unknown, priority, runAt })),
    );
    const scheduled = tasks.filter(({ runAt, createdAt }) => runAt > createdAt).length;
    expect((await engine.inspecting.queues())[0]!.counts).toMatchObject({
      scheduled,
      available: tasks.length - scheduled,
    });
  });

  it('do not fail for one that cannot be stored', async () => {
    const wrong = newTask(clock, { params: Symbol('no text') as unknown as string });
    const [first, second, third] = await Promise.allSettled([
      engine.enqueueing.enqueue([newTask(clock)]),
      engine.enqueueing.enqueue([newTask(clock), wrong]),
      engine.enqueueing.enqueue([newTask(clock)]),
    ]);
    expect([first.status, second.status, third.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await engine.inspecting.queues())[0]!.counts.available).toBe(2);
  });

  it('are counted once when they are handed over twice', async () => {
    const tasks = Array.from({ length: 60 }, () => newTask(clock));
    await engine.enqueueing.enqueue(tasks.slice(0, 7));
    await Promise.all([engine.enqueueing.enqueue(tasks), engine.enqueueing.enqueue(tasks)]);
    expect((await engine.inspecting.queues())[0]!.counts.available).toBe(60);
  });
});
