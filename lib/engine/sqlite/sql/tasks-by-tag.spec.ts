import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failed, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import {
  TASK_STATES,
  type TaskFilter,
  type TaskOrder,
  type TaskState,
  type TaskTags,
} from '../../../contract/index.js';
import { errorGroupKey } from '../../common/index.js';
import type { ListPosition } from './list-position.js';
import { COUNT_OF_TAG, rarestFirst, tasksByTag } from './tasks-by-tag.js';

describe('Tasks of a tag', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  interface Asked extends Omit<TaskFilter, 'tags'> {
    readonly tags?: TaskTags;
    readonly states?: readonly TaskState[];
    readonly place?: ListPosition;
    readonly limit?: number;
    readonly order?: TaskOrder;
  }

  const found = ({ states = TASK_STATES, place = null, limit = 9, order = 'oldest', ...filter }: Asked) =>
    tasksByTag(site.database, { tags: { a: '1' }, ...filter }, states, place, limit, order);
  const seqs = (asked: Asked = {}) => found(asked).map(({ seq }) => seq);
  /** Numbers of those that meet all of the filter. */
  const fitting = (asked: Asked) =>
    found(asked)
      .filter(({ fits }) => fits)
      .map(({ seq }) => seq);

  it('are gone through in the order in which they were stored, from a place on', () => {
    const traits = { tags: { a: '1' } };
    site.add({ traits }, {}, { traits }, { traits: { tags: { a: '2' } } }, { traits });
    expect(seqs()).toEqual([1, 3, 5]);
    expect(seqs({ order: 'newest' })).toEqual([5, 3, 1]);
    expect(seqs({ limit: 2 })).toEqual([1, 3]);
    expect(seqs({ place: { seq: 1 } })).toEqual([3, 5]);
    expect(seqs({ place: { seq: 5 }, order: 'newest' })).toEqual([3, 1]);
    expect(seqs({ place: { id: null, own: null } })).toEqual([1, 3, 5]);
    expect(found({ limit: 1 })).toEqual([{ seq: 1, fits: true, place: { seq: 1 } }]);
  });

  it('fit where they meet all else that is asked for', () => {
    const traits = { tags: { a: '1', b: '2' } };
    site.add(
      { traits },
      { traits: { tags: { a: '1' } } },
      { traits, queue: 'mail' },
      { traits, name: 'play' },
      { traits, createdAt: START + 10 },
      { traits, runAt: START + 10 },
      { traits: { tags: { a: '1', b: '3' } } },
      { traits: { tags: { b: '2' } } },
    );
    expect(fitting({})).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(fitting({ tags: { a: '1', b: '2' } })).toEqual([1, 3, 4, 5, 6]);
    expect(fitting({ states: ['scheduled'] })).toEqual([6]);
    expect(fitting({ queue: 'mail' })).toEqual([3]);
    expect(fitting({ name: ['play', 'none'] })).toEqual([4]);
    expect(fitting({ from: START + 10 })).toEqual([5]);
    expect(fitting({ from: START + 11 })).toEqual([]);
    expect(fitting({ to: START + 10 })).toEqual([1, 2, 3, 4, 6, 7]);
    expect(fitting({ to: START + 11 })).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const [first, second] = site.claim({ wanted: 2 });
    site.end(first!, failed('one'));
    site.end(second!, failed('other'));
    expect(fitting({ error: errorGroupKey('work', { name: 'Error', message: 'one' }) })).toEqual([1]);
  });

  it('are found by the rarest of several', () => {
    site.add(...['1', '1', '1'].map((a) => ({ traits: { tags: { a, b: '2' } } })), {
      traits: { tags: { b: '2', c: '3' } },
    });
    const rarest = (...tags: Array<[string, string]>) => rarestFirst(site.database, COUNT_OF_TAG, tags);
    expect(rarest(['b', '2'], ['a', '1'], ['c', '3'])).toEqual([
      ['c', '3'],
      ['a', '1'],
      ['b', '2'],
    ]);
    expect(rarest(['b', '2'], ['c', '3'])).toEqual([
      ['c', '3'],
      ['b', '2'],
    ]);
    expect(rarest(['b', '2'])).toEqual([['b', '2']]);
    expect(seqs({ tags: { b: '2', c: '3' } })).toEqual([4]);
  });
});

it('Tags are not counted where there is but one', () => {
  const tags: Array<[string, string]> = [['a', '1']];
  expect(rarestFirst(null as never, COUNT_OF_TAG, tags)).toEqual(tags);
});
