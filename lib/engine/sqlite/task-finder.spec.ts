import { expect, it } from 'vitest';
import { ManualClock } from '../../clock/index.js';
import { contextWith, newTask, START } from '../../../test/conformance/harness.js';
import { sqliteEngine } from './sqlite-engine.js';

it('leaves out nothing where a search has to stop again and again', async () => {
  const clock = new ManualClock(START);
  // Looking at one task takes longer than a step may.
  const mask = (params: unknown): unknown => {
    const end = performance.now() + 12;
    while (performance.now() < end);
    return params;
  };
  const options = { database: ':memory:', synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 } as const;
  const engine = sqliteEngine(options, contextWith(clock, { mask }));
  await engine.open();
  const params = (index: number): string => JSON.stringify({ text: index % 2 ? 'odd' : 'even' });
  const tasks = Array.from({ length: 30 }, (_, index) =>
    newTask(clock, { params: params(index), sensitive: ['password'] }),
  );
  await engine.enqueueing.enqueue(tasks);

  const wanted = tasks.filter((_, index) => index % 2).map(({ id }) => id);
  const found: string[] = [];
  const pages: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await engine.inspecting.list(
      { search: 'odd' },
      { limit: 50, order: 'oldest', ...(cursor && { cursor }) },
    );
    pages.push(page.items.length);
    found.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  expect(found).toEqual(wanted);
  expect(pages.length).toBeGreaterThan(1);
  expect(await engine.acting.act('cancel', { filter: { search: 'odd' } })).toEqual({ changed: 15, refused: [] });
  await engine.close();
});

it('gives what meets a queue, a name and a state, whichever of them are asked for', async () => {
  const clock = new ManualClock(START);
  const options = { database: ':memory:', synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 } as const;
  const engine = sqliteEngine(options, contextWith(clock));
  await engine.open();
  const anyOf = (values: readonly string[], index: number): string => values[index % values.length]!;
  const tasks = Array.from({ length: 120 }, (_, index) =>
    newTask(clock, {
      // Each of three names is in two or three of the queues, one is in all.
      queue: anyOf(['a', 'b', 'c', ''], index),
      name: anyOf(['x', 'y', 'z', 'x', ''], Math.floor(index / 3)),
      runAt: START + (index % 2) * 60_000,
    }),
  );
  await engine.enqueueing.enqueue(tasks);
  const cancelled = tasks.filter((_, index) => index % 7 === 0).map(({ id }) => id);
  await engine.acting.act('cancel', { ids: cancelled });
  const stateOf = ({ id, runAt }: (typeof tasks)[number]): string =>
    cancelled.includes(id) ? 'cancelled' : runAt > START ? 'scheduled' : 'available';

  for (const queue of [undefined, 'a', 'c', 'nowhere']) {
    for (const name of [undefined, 'x', 'z', 'nothing']) {
      for (const state of [undefined, 'available', 'scheduled', 'cancelled', 'failed'] as const) {
        const wanted = tasks.filter(
          (task) =>
            (queue ?? task.queue) === task.queue &&
            (name ?? task.name) === task.name &&
            (state ?? stateOf(task)) === stateOf(task),
        );
        const filter = { ...(queue && { queue }), ...(name && { name }), ...(state && { state }) };
        for (const order of ['oldest', 'newest'] as const) {
          const found: string[] = [];
          let cursor: string | undefined;
          do {
            const page = await engine.inspecting.list(filter, { limit: 7, order, ...(cursor && { cursor }) });
            found.push(...page.items.map(({ id }) => id));
            cursor = page.nextCursor ?? undefined;
          } while (cursor);
          const ids = wanted.map(({ id }) => id);
          expect(found, JSON.stringify(filter)).toEqual(order === 'oldest' ? ids : ids.toReversed());
        }
      }
    }
  }
  const { counts, oldestAvailableAt } = (await engine.inspecting.queues()).find(({ queue }) => queue === 'b')!;
  expect(counts.available).toBe(tasks.filter((task) => task.queue === 'b' && stateOf(task) === 'available').length);
  expect(oldestAvailableAt).toBe(counts.available > 0 ? START : null);
  await engine.close();
});

it('ends a page where its params have come to some mebibytes, and goes on at its cursor', async () => {
  const clock = new ManualClock(START);
  const options = { database: ':memory:', synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 } as const;
  const engine = sqliteEngine(options, contextWith(clock));
  await engine.open();
  const params = JSON.stringify({ text: 'x'.repeat(1024 * 1024) });
  const tasks = Array.from({ length: 10 }, () => newTask(clock, { params }));
  await engine.enqueueing.enqueue([...tasks, newTask(clock)]);
  for (const filter of [{}, { search: 'xxx' }]) {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await engine.inspecting.list(filter, { limit: 50, order: 'oldest', ...(cursor && { cursor }) });
      expect(page.items.length).toBeLessThanOrEqual(4);
      found.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor);
    expect(found.slice(0, 10)).toEqual(tasks.map(({ id }) => id));
  }
  await engine.close();
});
