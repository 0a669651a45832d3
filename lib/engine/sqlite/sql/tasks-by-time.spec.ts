import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { QuietStore } from '../../../../test/support/quiet-store.js';
import { TASK_STATES, type TaskFilter, type TaskOrder, type TaskState } from '../../../contract/index.js';
import { idAt } from '../../common/index.js';
import type { NewTask } from '../../port/index.js';
import type { ListPosition } from './list-position.js';
import { tasksByTime } from './tasks-by-time.js';

describe('Tasks of a time', () => {
  let site: QuietStore;

  beforeEach(async () => void (site = await QuietStore.open()));
  afterEach(() => site.close());

  interface Asked extends TaskFilter {
    readonly states?: readonly TaskState[];
    readonly place?: ListPosition;
    readonly limit?: number;
    readonly order?: TaskOrder;
  }

  const found = ({ states = TASK_STATES, place = null, limit = 99, order = 'oldest', ...filter }: Asked) =>
    tasksByTime(site.database, filter, states, place, limit, order);
  /** Numbers of those that meet all of the filter. */
  const fitting = (asked: Asked = {}) =>
    found(asked)
      .filter(({ fits }) => fits)
      .map(({ seq }) => seq);

  /** One of the library's ids, then one of its own, and so on: each a minute later than the one before. */
  const alternating = (many: number): Array<Partial<NewTask>> =>
    Array.from({ length: many }, (_, at) => ({
      createdAt: START + at * MINUTE,
      ...(at % 2 === 1 && { id: `own ${many - at}` }),
    }));

  it('are found in their order, whether their ids tell it or not', () => {
    site.add(...alternating(6));
    expect(fitting()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(fitting({ order: 'newest' })).toEqual([6, 5, 4, 3, 2, 1]);
    expect(fitting({ from: START + 2 * MINUTE, to: START + 4 * MINUTE })).toEqual([3, 4]);
    expect(fitting({ from: START + 2 * MINUTE, to: START + 4 * MINUTE, order: 'newest' })).toEqual([4, 3]);
    expect(fitting({ from: START + MINUTE, to: START + 3 * MINUTE + 1 })).toEqual([2, 3, 4]);
    expect(fitting({ from: START + 5 * MINUTE + 1 })).toEqual([]);
  });

  it.each<TaskOrder>(['oldest', 'newest'])('are gone through in pages, the %s first', (order) => {
    site.add(...alternating(7));
    const seqs: number[] = [];
    let place: ListPosition = null;
    for (let page = 0; page < 4; page += 1) {
      const some = found({ order, place, limit: 2 });
      expect(some).toHaveLength(page < 3 ? 2 : 1);
      seqs.push(...some.map(({ seq }) => seq));
      place = some.at(-1)!.place;
    }
    expect(found({ order, place, limit: 2 })).toEqual([]);
    expect(seqs).toEqual(order === 'oldest' ? [1, 2, 3, 4, 5, 6, 7] : [7, 6, 5, 4, 3, 2, 1]);
  });

  it('begin anew from the place of a walk by number', () => {
    site.add(...alternating(3));
    expect(found({ place: { seq: 2 } })).toEqual(found({}));
    expect(fitting()).toEqual([1, 2, 3]);
  });

  it('are found from their very time on', () => {
    site.add({ id: 'own' });
    expect(fitting({ from: START, to: START + 1 })).toEqual([1]);
    expect(fitting({ to: START, order: 'newest' })).toEqual([]);
  });

  it('that are of one time come in the order of their kind', () => {
    const [byId] = site.store({});
    site.add({ id: 'own' });
    expect(found({}).map(({ seq }) => seq)).toEqual([1, 2]);
    expect(found({ order: 'newest' }).map(({ seq }) => seq)).toEqual([1, 2]);
    expect(found({})).toEqual([
      { seq: 1, fits: true, place: { id: byId!.id, own: null } },
      { seq: 2, fits: true, place: { id: byId!.id, own: [START, 2] } },
    ]);
  });

  it('fit where they meet all else that is asked for', () => {
    for (const own of [false, true]) {
      const id = (name: string) => own && { id: `own ${name}` };
      site.add(
        { ...id('plain') },
        { ...id('queue'), queue: 'mail' },
        { ...id('name'), name: 'play' },
        { ...id('state'), runAt: START + MINUTE },
      );
    }
    expect(fitting({ queue: 'mail' })).toEqual([2, 6]);
    expect(fitting({ name: ['play', 'none'] })).toEqual([3, 7]);
    expect(fitting({ states: ['scheduled'] })).toEqual([4, 8]);
    expect(fitting({ states: [] })).toEqual([]);
  });

  it('are looked for a little around the time, as ids may be a little off, and no further', () => {
    /** Its id tells START. */
    const idOf = (number: number) => `${idAt(START)}-7000-8000-00000000000${number}`;
    site.add({ id: idOf(1) }, { id: idOf(2), createdAt: START + 10_000 }, { createdAt: START + 30_000 });
    expect(fitting({ from: START + 10_000, to: START + 10_001 })).toEqual([2]);
    expect(fitting({ from: START - 10_000, to: START + 1 })).toEqual([1]);
    expect(found({ from: START + 10_000, to: START + 10_001 })).toHaveLength(2);
    // One whose id tells another time than its own is in the way of others there, and no more.
    site.add({ id: idOf(3), createdAt: START + 90_000 });
    expect(fitting({ from: START + 90_000 })).toEqual([4]);
    expect(fitting()).toEqual([1, 2, 3, 4]);
    expect(found({}).map(({ seq }) => seq)).toEqual([1, 2, 4, 3, 4]);
  });
});
