import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, MINUTE, retryAt, START } from '../../../../test/conformance/harness.js';
import { StatementSite } from '../../../../test/support/statement-site.js';
import type { TaskChange } from '../../../contract/index.js';
import { findTask } from './act-on-tasks.js';
import { setFlow } from './set-flow.js';
import { updateTask } from './update-task.js';

describe('A task that waits', () => {
  let site: StatementSite;

  beforeEach(async () => {
    site = await StatementSite.open();
  });
  afterEach(() => site.close());

  const update = (id: string, change: TaskChange) =>
    site.run((transaction) => updateTask(transaction, findTask(transaction, { id })!, change, site.now));

  it('is due at another time, as its attempts say', async () => {
    const [fresh, tried] = await site.add({}, {});
    expect(await update(fresh!.id, { runAt: START + MINUTE })).toBe(true);
    expect(site.row(fresh!.id)).toMatchObject({ state: 'scheduled', run_at: START + MINUTE, priority: 0 });
    expect(site.told.dueAt).toBe(START + MINUTE);
    expect(site.told.touched).toEqual(new Map([['default', [fresh!.id]]]));
    expect(await update(fresh!.id, { runAt: START })).toBe(true);
    expect(site.row(fresh!.id)).toMatchObject({ state: 'available', run_at: START });
    expect(site.told.dueAt).toBe(Infinity);
    expect(site.told.available).toEqual(new Set(['default']));
    const claimed = await site.claim(2);
    await site.end(
      claimed.find(({ id }) => id === tried!.id)!,
      retryAt(START + MINUTE),
    );
    expect(await update(tried!.id, { runAt: START + 2 * MINUTE })).toBe(true);
    expect(site.row(tried!.id)).toMatchObject({ state: 'retryable', run_at: START + 2 * MINUTE });
    expect(await update(tried!.id, { priority: 3 })).toBe(true);
    expect(site.row(tried!.id)).toMatchObject({ state: 'retryable', run_at: START + 2 * MINUTE, priority: 3 });
    expect(site.told.dueAt).toBe(Infinity);
    // What runs, or has ended, stays as it is.
    expect(await update(fresh!.id, { priority: 3 })).toBe(false);
    await site.end(
      claimed.find(({ id }) => id === fresh!.id)!,
      completed,
    );
    expect(await update(fresh!.id, { priority: 3 })).toBe(false);
    expect(site.row(fresh!.id)).toMatchObject({ state: 'completed', priority: 0 });
    expect(site.told.touched).toEqual(new Map());
  });

  it('stays where it stands in the line for a change of its params', async () => {
    const [task] = await site.add({ priority: 2, traits: { version: 2, tags: { a: '1' } }, sensitive: ['pin'] });
    expect(await update(task!.id, { params: { json: '{"a":1}', sensitive: [], version: 1 } })).toBe(true);
    const row = { state: 'available', priority: 2, run_at: START };
    expect(site.row(task!.id)).toMatchObject({
      ...row,
      params: '{"a":1}',
      sensitive: null,
      traits: '{"tags":{"a":"1"}}',
    });
    expect(site.told.available).toEqual(new Set());
    await update(task!.id, { params: { json: '{"b":1}', sensitive: ['b', 'c'], version: 3 } });
    const traits = '{"tags":{"a":"1"},"version":3}';
    expect(site.row(task!.id)).toMatchObject({ ...row, params: '{"b":1}', sensitive: '["b","c"]', traits });
    await update(task!.id, { priority: 1 });
    expect(site.row(task!.id)).toMatchObject({ params: '{"b":1}', sensitive: '["b","c"]', traits });
    const [plain] = await site.add({});
    await update(plain!.id, { params: { json: '1', sensitive: [], version: 1 } });
    expect(site.row(plain!.id)).toMatchObject({ params: '1', sensitive: null, traits: null });
  });

  it('gives the slot of its key to one of a greater priority', async () => {
    await site.run((transaction) => setFlow(transaction, 'default', { keyConcurrency: 1 }));
    const [one, two, three] = await site.add(
      { priority: 5, traits: { key: 'a' } },
      { traits: { key: 'a' } },
      { priority: 3, traits: { key: 'a' } },
    );
    const states = () => [one, two, three].map((task) => site.row(task!.id)['state']);
    expect(states()).toEqual(['available', 'held', 'held']);
    await update(one!.id, { priority: 1 });
    expect(states()).toEqual(['held', 'held', 'available']);
    await update(two!.id, { priority: 9 });
    expect(states()).toEqual(['held', 'available', 'held']);
    await update(two!.id, { runAt: START + MINUTE });
    expect(states()).toEqual(['held', 'scheduled', 'available']);
    await update(two!.id, { runAt: START });
    expect(states()).toEqual(['held', 'available', 'held']);
  });
});
