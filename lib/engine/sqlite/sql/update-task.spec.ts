import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, MINUTE, retryAt, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import type { TaskChange } from '../../../contract/index.js';
import { findTask } from './act-on-tasks.js';
import { setFlow } from './set-flow.js';
import { updateTask } from './update-task.js';

describe('A task that waits', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  const update = (id: string, change: TaskChange) =>
    site.write((transaction) => updateTask(transaction, findTask(transaction, { id })!, change, site.now));

  it('is due at another time, as its attempts say', () => {
    const [fresh, tried] = site.store({}, {});
    expect(update(fresh!.id, { runAt: START + MINUTE })).toBe(true);
    expect(site.row(fresh!.id)).toMatchObject({ state: 'scheduled', run_at: START + MINUTE, priority: 0 });
    expect(site.last.dueAt).toBe(START + MINUTE);
    expect(site.last.touched).toEqual(new Map([['default', [fresh!.id]]]));
    expect(update(fresh!.id, { runAt: START })).toBe(true);
    expect(site.row(fresh!.id)).toMatchObject({ state: 'available', run_at: START });
    expect(site.last.dueAt).toBe(Infinity);
    expect(site.last.available).toEqual(new Set(['default']));
    const claimed = site.claim({ wanted: 2 });
    site.end(
      claimed.find(({ id }) => id === tried!.id)!,
      retryAt(START + MINUTE),
    );
    expect(update(tried!.id, { runAt: START + 2 * MINUTE })).toBe(true);
    expect(site.row(tried!.id)).toMatchObject({ state: 'retryable', run_at: START + 2 * MINUTE });
    expect(update(tried!.id, { priority: 3 })).toBe(true);
    expect(site.row(tried!.id)).toMatchObject({ state: 'retryable', run_at: START + 2 * MINUTE, priority: 3 });
    expect(site.last.dueAt).toBe(Infinity);
    // What runs, or has ended, stays as it is.
    expect(update(fresh!.id, { priority: 3 })).toBe(false);
    site.end(
      claimed.find(({ id }) => id === fresh!.id)!,
      completed,
    );
    expect(update(fresh!.id, { priority: 3 })).toBe(false);
    expect(site.row(fresh!.id)).toMatchObject({ state: 'completed', priority: 0 });
    expect(site.last.touched).toEqual(new Map());
  });

  it('stays where it stands in the line for a change of its params', () => {
    const [task] = site.store({ priority: 2, traits: { version: 2, tags: { a: '1' } }, sensitive: ['pin'] });
    expect(update(task!.id, { params: { json: '{"a":1}', sensitive: [], version: 1 } })).toBe(true);
    const row = { state: 'available', priority: 2, run_at: START };
    expect(site.row(task!.id)).toMatchObject({
      ...row,
      params: '{"a":1}',
      sensitive: null,
      traits: '{"tags":{"a":"1"}}',
    });
    expect(site.last.available).toEqual(new Set());
    update(task!.id, { params: { json: '{"b":1}', sensitive: ['b', 'c'], version: 3 } });
    const traits = '{"tags":{"a":"1"},"version":3}';
    expect(site.row(task!.id)).toMatchObject({ ...row, params: '{"b":1}', sensitive: '["b","c"]', traits });
    update(task!.id, { priority: 1 });
    expect(site.row(task!.id)).toMatchObject({ params: '{"b":1}', sensitive: '["b","c"]', traits });
    const [plain] = site.store({});
    update(plain!.id, { params: { json: '1', sensitive: [], version: 1 } });
    expect(site.row(plain!.id)).toMatchObject({ params: '1', sensitive: null, traits: null });
  });

  it('gives the slot of its key to one of a greater priority', () => {
    site.write((transaction) => setFlow(transaction, 'default', { keyConcurrency: 1 }));
    const [one, two, three] = site.store(
      { priority: 5, traits: { key: 'a' } },
      { traits: { key: 'a' } },
      { priority: 3, traits: { key: 'a' } },
    );
    const states = () => [one, two, three].map((task) => site.row(task!.id)!['state']);
    expect(states()).toEqual(['available', 'held', 'held']);
    update(one!.id, { priority: 1 });
    expect(states()).toEqual(['held', 'held', 'available']);
    update(two!.id, { priority: 9 });
    expect(states()).toEqual(['held', 'available', 'held']);
    update(two!.id, { runAt: START + MINUTE });
    expect(states()).toEqual(['held', 'scheduled', 'available']);
    update(two!.id, { runAt: START });
    expect(states()).toEqual(['held', 'available', 'held']);
  });
});
