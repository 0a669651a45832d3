import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed } from '../../../../test/conformance/harness.js';
import { QuietWorkflows } from '../../../../test/support/quiet-workflows.js';
import { InvalidArgumentError } from '../../../contract/index.js';
import { listWorkflows } from './list-workflows.js';

let site: QuietWorkflows;

beforeEach(async () => void (site = await QuietWorkflows.open()));
afterEach(() => site.close());

describe('The list of workflows', () => {
  const list = (query: Partial<Parameters<typeof listWorkflows>[1]> = {}) =>
    listWorkflows(site.database, { limit: 9, ...query });
  const names = (query?: Partial<Parameters<typeof listWorkflows>[1]>) => list(query).items.map(({ id }) => id);

  beforeEach(() => {
    site.begin({ a: {} }, { id: 'one', name: 'order', tags: { customer: '1', kind: 'x' } });
    site.work(completed, 'a');
    site.begin(
      { a: {}, b: {}, c: {} },
      { id: 'two', name: 'order', tags: { customer: '1' }, deadlineAt: site.now + 5 },
    );
    site.begin({ d: {} }, { id: 'three', name: 'other', tags: { customer: '2', kind: 'x' } });
  });

  it('has the newest first, in pages', () => {
    expect(names()).toEqual(['three', 'two', 'one']);
    const first = list({ limit: 2 });
    expect(first.items.map(({ id }) => id)).toEqual(['three', 'two']);
    expect(list({ limit: 2, cursor: first.next! })).toMatchObject({ items: [{ id: 'one' }], next: null });
    expect(list({ limit: 3 }).next).toBeNull();
    expect(list({ limit: 1 })).toMatchObject({ items: [{ id: 'three' }], next: '3' });
    const refused = expect(() => list({ cursor: 'x' }));
    refused.toThrow(InvalidArgumentError);
    refused.toThrow(expect.objectContaining({ field: 'cursor' }));
  });

  it('has those of a name, a state, tags', () => {
    expect(names({ name: 'order' })).toEqual(['two', 'one']);
    expect(names({ state: 'running' })).toEqual(['three', 'two']);
    expect(names({ name: 'order', state: 'completed' })).toEqual(['one']);
    expect(names({ tags: { customer: '1' } })).toEqual(['two', 'one']);
    expect(names({ tags: { customer: '1', kind: 'x' } })).toEqual(['one']);
    expect(names({ tags: { kind: 'x' }, name: 'other' })).toEqual(['three']);
    expect(names({ tags: { kind: 'x' }, state: 'completed' })).toEqual(['one']);
    expect(names({ tags: { customer: '3' } })).toEqual([]);
    expect(names({ tags: {} })).toHaveLength(3);
  });

  it('says how far each is', () => {
    site.run(`UPDATE tasks_workflow SET ended = 2, completed = 2, running = 1 WHERE id = 'two'`);
    site.run(`UPDATE tasks_workflow SET ending = 'cancelled', tasks = 0, tags = NULL WHERE id = 'three'`);
    const [third, second, first] = list().items;
    expect(first).toEqual({
      id: 'one',
      name: 'order',
      state: 'completed',
      percent: 100,
      nodes: { blocked: 0, running: 0, completed: 1, failed: 0, cancelled: 0 },
      tasks: { total: 1, ended: 1 },
      tags: { customer: '1', kind: 'x' },
      createdAt: site.now,
      finishedAt: site.now,
      deadlineAt: null,
    });
    expect(second).toMatchObject({ percent: 66, deadlineAt: site.now + 5, finishedAt: null });
    expect(third).toMatchObject({ percent: 100, reason: 'cancelled' });
    expect(third).not.toHaveProperty('tags');
    site.run(`UPDATE tasks_workflow SET state = 'failed' WHERE id = 'two'`);
    expect(list().items[1]!.percent).toBe(100);
  });
});
