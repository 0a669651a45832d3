import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import { TASK_STATES, type TaskFilter, type TaskState } from '../../../contract/index.js';
import { BEYOND_FIRST, candidateQuery } from './list-tasks.js';
import { taskKinds } from './task-kinds.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.close());

describe('The candidates of a list', () => {
  let ids: string[];

  beforeEach(() => {
    ids = site.add(
      { name: 'a' },
      { name: 'b' },
      { name: 'a', queue: 'mail' },
      { name: 'c', runAt: site.now + 5 },
      { name: 'a', queue: 'news' },
      { name: 'b', queue: 'mail', runAt: site.now + 5 },
    );
    site.claim({ wanted: 1 });
    site.claim({ wanted: 1, queue: 'mail' });
  });

  function find(
    filter: TaskFilter,
    {
      states = TASK_STATES,
      after,
      limit = 9,
      order = 'oldest',
      kinds,
    }: {
      states?: readonly TaskState[];
      after?: number;
      limit?: number;
      order?: 'oldest' | 'newest';
      kinds?: Parameters<typeof candidateQuery>[2];
    } = {},
  ): number[] {
    const query = candidateQuery(
      filter,
      states,
      kinds ?? taskKinds(site.database, filter),
      after ?? BEYOND_FIRST[order],
      limit,
      order,
    );
    return site.find(query.sql, ...query.parameters).map(({ seq }) => ids.findIndex((id) => site.seq(id) === seq));
  }

  it('are all, in either order, so many at once, beyond one', () => {
    expect(find({})).toEqual([0, 1, 2, 3, 4, 5]);
    expect(find({}, { order: 'newest' })).toEqual([5, 4, 3, 2, 1, 0]);
    expect(find({}, { limit: 2 })).toEqual([0, 1]);
    expect(find({}, { after: site.seq(ids[2]!) })).toEqual([3, 4, 5]);
    expect(find({}, { after: site.seq(ids[2]!), order: 'newest', limit: 1 })).toEqual([1]);
  });

  it('are those of states', () => {
    expect(find({}, { states: ['available'] })).toEqual([1, 4]);
    expect(find({}, { states: ['scheduled'], order: 'newest' })).toEqual([5, 3]);
    expect(find({}, { states: ['running'] })).toEqual([0, 2]);
    expect(find({}, { states: ['available', 'scheduled'] })).toEqual([1, 3, 4, 5]);
    expect(find({}, { states: ['running', 'scheduled'], limit: 3, order: 'newest' })).toEqual([5, 3, 2]);
    expect(find({}, { states: ['failed'] })).toEqual([]);
    expect(find({}, { states: [] })).toEqual([]);
    expect(find({}, { states: TASK_STATES.filter((state) => state !== 'failed') })).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('are those of queues and names', () => {
    expect(find({ queue: 'mail' })).toEqual([2, 5]);
    expect(find({ name: 'a' })).toEqual([0, 2, 4]);
    expect(find({ queue: ['mail', 'news'], name: 'a' })).toEqual([2, 4]);
    expect(find({ queue: QUEUE, name: ['a', 'c'] }, { order: 'newest' })).toEqual([3, 0]);
    expect(find({ queue: 'none' })).toEqual([]);
    expect(find({ queue: 'mail' }, { states: ['running'] })).toEqual([2]);
    expect(find({ name: 'b' }, { states: ['running'] })).toEqual([]);
    expect(find({ queue: 'mail' }, { after: site.seq(ids[2]!) })).toEqual([5]);
    expect(find({ queue: 'none' }, { states: ['available'] })).toEqual([]);
  });

  it('are those of a group of errors, in the queues that it has', () => {
    site.run(`UPDATE tasks_task SET error_group = 'g' WHERE id IN (?, ?, ?)`, ids[1]!, ids[4]!, ids[5]!);
    const kinds = [QUEUE, 'mail', 'news'].map((queue) => ({ queue, name: 'any' }));
    expect(find({ error: 'g' }, { kinds })).toEqual([1, 4, 5]);
    expect(find({ error: 'g' }, { kinds, order: 'newest', limit: 2 })).toEqual([5, 4]);
    expect(find({ error: 'g' }, { kinds: kinds.slice(0, 1) })).toEqual([1]);
    expect(find({ error: 'g' }, { kinds, after: site.seq(ids[1]!) })).toEqual([4, 5]);
    expect(find({ error: 'g' }, { kinds, states: [] })).toEqual([]);
    expect(find({ error: 'g' }, { kinds: [] })).toEqual([]);
    expect(find({ error: 'other' }, { kinds })).toEqual([]);
  });

  it.each([400, 401, 800, 802])('are found among %i kinds, and more than one statement joins', (many) => {
    const kinds = Array.from({ length: many }, (_, index) => ({ queue: `none ${index}`, name: 'a' }));
    kinds[0] = { queue: QUEUE, name: 'b' };
    kinds[many - 1] = { queue: 'news', name: 'a' };
    expect(find({ queue: 'x' }, { kinds, states: ['available'] })).toEqual([1, 4]);
    expect(find({ queue: 'x' }, { kinds, states: ['available'], order: 'newest', limit: 1 })).toEqual([4]);
  });
});
