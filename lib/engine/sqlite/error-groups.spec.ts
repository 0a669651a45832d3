import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../clock/index.js';
import type { TaskFilter } from '../../contract/index.js';
import type { NewTask, TaskEngine } from '../port/index.js';
import { CONSUME, completed, contextWith, failed, newTask, START } from '../../../test/conformance/harness.js';
import { until } from '../../../test/support/until.js';
import { sqliteEngine } from './sqlite-engine.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe('the embedded store', () => {
  let clock: ManualClock;
  let engine: TaskEngine;

  beforeEach(async () => {
    clock = new ManualClock(START);
    const options = { database: ':memory:', synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 } as const;
    engine = sqliteEngine(options, contextWith(clock));
    await engine.open();
  });
  afterEach(() => engine.close());

  const enqueue = async (tasks: readonly NewTask[]): Promise<void> => {
    for (let start = 0; start < tasks.length; start += 1_000) {
      await engine.enqueueing.enqueue(tasks.slice(start, start + 1_000));
    }
  };
  const count = async (state: 'failed' | 'completed'): Promise<number> =>
    (await engine.inspecting.queues()).reduce((sum, { counts }) => sum + counts[state], 0);
  const groups = async (): Promise<Array<[string, number]>> =>
    (await engine.inspecting.errorGroups({})).items.map((group) => [group.error.message, group.count]);

  it('counts every failed task of a group, however many there are, as they come and go', async () => {
    const many = 12_000;
    await enqueue(Array.from({ length: many + 30 }, (_, n) => newTask(clock, { name: n < many ? 'bulk' : 'few' })));
    let isBroken = true;
    await engine.delivering.consume('default', { ...CONSUME, concurrency: 500 }, ({ task }) =>
      Promise.resolve(isBroken ? failed(`Order ${task.id} is gone`) : completed),
    );
    await until('all to fail', async () => (await count('failed')) === many + 30);
    const report = await engine.inspecting.errorGroups({});
    expect({ looked: report.looked, complete: report.complete }).toEqual({ looked: many + 30, complete: true });
    expect(await groups()).toEqual([
      ['Order … is gone', many],
      ['Order … is gone', 30],
    ]);
    const [bulk, few] = report.items.map(({ key }) => ({ key })) as [{ key: string }, { key: string }];

    isBroken = false;
    const retried = (await engine.inspecting.list({ error: bulk.key }, { limit: 500 })).items.map(({ id }) => id);
    expect(await engine.acting.act('retry', { ids: retried })).toEqual({ changed: 500, refused: [] });
    await until('them to complete', async () => (await count('completed')) === 500);
    expect((await groups())[0]).toEqual(['Order … is gone', many - 500]);
    expect(await engine.acting.act('delete', { filter: { error: few.key } })).toEqual({ changed: 30, refused: [] });
    expect(await groups()).toEqual([['Order … is gone', many - 500]]);
    expect(await engine.acting.act('retry', { filter: { error: bulk.key } })).toEqual({
      changed: many - 500,
      refused: [],
    });
    expect(await groups()).toEqual([]);
  });

  it('finds what was enqueued in a span of time without looking at what was not', async () => {
    const days = 20;
    const tasks = Array.from({ length: days * 1_000 }, (_, n) =>
      newTask(clock, {
        queue: n % 50 ? 'often' : 'seldom',
        createdAt: START - days * DAY + Math.floor((n * DAY) / 1_000),
        runAt: START + DAY,
      }),
    );
    await enqueue(tasks);
    const [from, to] = [START - 5 * DAY, START - 5 * DAY + 60 * MINUTE];
    const wanted = (filter: TaskFilter): string[] =>
      tasks
        .filter(({ createdAt, queue }) => createdAt >= from && createdAt < to && queue === (filter.queue ?? queue))
        .map(({ id }) => id);
    for (const filter of [
      { from, to },
      { from, to, queue: 'seldom' },
      { from, to, state: 'scheduled' as const },
    ]) {
      const { items, looked, nextCursor } = await engine.inspecting.list(filter, { limit: 500, order: 'oldest' });
      expect(items.map(({ id }) => id)).toEqual(wanted(filter));
      expect(looked).toBeLessThan(100);
      expect(nextCursor).toBeNull();
    }
    expect(wanted({ queue: 'seldom' })).toHaveLength(1);
  });

  it('finds it too where ids say nothing of the time, as an app gave them', async () => {
    const tasks = Array.from({ length: 40 }, (_, n) =>
      newTask(clock, { id: `welcome:${n}`, createdAt: START + n, runAt: START + DAY }),
    );
    await enqueue(tasks);
    const { items } = await engine.inspecting.list({ from: START + 10, to: START + 13 }, { limit: 50 });
    expect(items.map(({ id }) => id)).toEqual(['welcome:12', 'welcome:11', 'welcome:10']);
  });
});
