import { expect, it } from 'vitest';
import { ManualClock } from '../../clock/index.js';
import { contextWith, newTask, START } from '../../../test/conformance/harness.js';
import { SqliteEngine } from './index.js';

it('leaves out nothing where a search has to stop again and again', async () => {
  const clock = new ManualClock(START);
  // Looking at one task takes longer than a step may.
  const mask = (params: unknown): unknown => {
    const end = performance.now() + 12;
    while (performance.now() < end);
    return params;
  };
  const options = { database: ':memory:', synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 } as const;
  const engine = new SqliteEngine(options, contextWith(clock, { mask }));
  await engine.open();
  const params = (index: number): string => JSON.stringify({ text: index % 2 ? 'odd' : 'even' });
  const tasks = Array.from({ length: 30 }, (_, index) =>
    newTask(clock, { params: params(index), sensitive: ['password'] }),
  );
  await engine.enqueue(tasks);

  const wanted = tasks.filter((_, index) => index % 2).map(({ id }) => id);
  const found: string[] = [];
  const pages: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await engine.list({ search: 'odd' }, { limit: 50, order: 'oldest', ...(cursor && { cursor }) });
    pages.push(page.items.length);
    found.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  expect(found).toEqual(wanted);
  expect(pages.length).toBeGreaterThan(1);
  expect(await engine.act('cancel', { filter: { search: 'odd' } })).toEqual({ changed: 15, refused: [] });
  await engine.close();
});
