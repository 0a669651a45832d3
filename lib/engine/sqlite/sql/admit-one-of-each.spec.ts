import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QUEUE, QuietStore } from '../../../../test/support/quiet-store.js';
import type { QueueFlow, TaskState } from '../../../contract/index.js';
import { admitOneOfEach } from './admit-one-of-each.js';
import type { KeyCause } from './slots.js';

let site: QuietStore;

beforeEach(async () => void (site = await QuietStore.open()));
afterEach(() => site.closeAsIs());

const FREED: KeyCause = { freed: true, entered: 0 };
const ENTERED: KeyCause = { freed: true, entered: 1 };

/** Stores tasks of a key, in this state. */
function put(key: string, state: TaskState, ids: readonly string[], priority = 0, turn: number | null = null): void {
  site.add(...ids.map((id) => ({ id, priority })));
  for (const id of ids) {
    site.run('UPDATE tasks_task SET key = ?, state = ?, turn = ? WHERE id = ?', key, state, turn, id);
  }
}

const causes = (...keys: readonly string[]) => new Map(keys.map((key) => [key, FREED]));

function admit(keys: ReadonlyMap<string, KeyCause>, flow: QueueFlow) {
  const { admitted, others } = site.write(({ database }) => admitOneOfEach(database, QUEUE, keys, flow));
  return { admitted, others, left: [...others].map(([key]) => key) };
}

const turns = (...ids: readonly string[]) => ids.map((id) => site.row(id)!.turn);

describe('Keys of which a slot each was given back', () => {
  it('have their first held task made ready each', () => {
    for (const key of ['a', 'b', 'c']) put(key, 'held', [`${key}1`, `${key}2`]);
    put('a', 'held', ['a3'], 5);
    const { admitted, left } = admit(causes('a', 'b'), { keyConcurrency: 1 });
    expect(admitted).toEqual(['a3', 'b1']);
    expect(left).toEqual([]);
    expect(site.states(['a1', 'a2', 'a3', 'b1', 'b2', 'c1', 'c2'])).toEqual([
      'held',
      'held',
      'available',
      'available',
      'held',
      'held',
      'held',
    ]);
    expect(turns('a3', 'b1')).toEqual([null, null]);
  });

  it('are left to the rule where as many slots are not free as one', () => {
    const taken = { none: 0, one: 1, two: 2, three: 3 };
    for (const [key, count] of Object.entries(taken)) {
      put(
        key,
        'running',
        Array.from({ length: count }, (_, index) => `${key} runs ${index}`),
      );
      put(key, 'held', [`${key} waits`]);
    }
    put('empty', 'available', ['ready']);
    const { admitted, left } = admit(causes('none', 'one', 'two', 'three', 'empty'), { keyConcurrency: 2 });
    expect(left).toEqual(['none', 'three']);
    expect(admitted).toEqual(['one waits']);
    expect(site.states(['none waits', 'one waits', 'two waits', 'three waits', 'ready'])).toEqual([
      'held',
      'available',
      'held',
      'held',
      'available',
    ]);
  });

  it('are left to the rule where something came, and where they are of no key', () => {
    for (const key of ['', 'a', 'b', 'c']) put(key, 'held', [`waits ${key}`]);
    const keys = new Map([...causes('', 'a', 'b'), ['c', ENTERED]]);
    const { admitted, left } = admit(keys, { keyConcurrency: 1 });
    expect(left).toEqual(['', 'c']);
    expect(admitted).toEqual(['waits a', 'waits b']);
    expect([...keys.keys()]).toEqual(['', 'a', 'b', 'c']);
  });

  it.each<[string, QueueFlow, ReadonlyMap<string, KeyCause>]>([
    ['their queue has no limit of keys', {}, causes('a', 'b')],
    ['it is one', { keyConcurrency: 1 }, causes('a')],
    ['one of them is left', { keyConcurrency: 1 }, new Map([...causes('a'), ['b', ENTERED]])],
    ['one of them is a key', { keyConcurrency: 1 }, causes('', 'a')],
    ['others of them may be in the line', { keyConcurrency: 2, fair: true }, causes('a', 'b')],
  ])('are all left to the rule where %s', (_, flow, keys) => {
    for (const key of ['', 'a', 'b']) {
      put(key, 'running', [`${key} runs`]);
      put(key, 'held', [`${key} waits`]);
      if (flow.keyConcurrency === 1) site.run(`UPDATE tasks_task SET state = 'completed' WHERE state = 'running'`);
    }
    const { admitted, others } = admit(keys, flow);
    expect(others).toBe(keys);
    expect(admitted).toEqual([]);
    expect(site.states([' waits', 'a waits', 'b waits'])).toEqual(['held', 'held', 'held']);
  });

  it('have their next a step behind the head of its line', () => {
    put('z', 'available', ['head'], 0, 5);
    put('z', 'available', ['another'], 0, 8);
    put('z', 'available', ['high'], 3, 20);
    for (const key of ['a', 'b', 'c', 'd']) put(key, 'held', [key]);
    put('e', 'held', ['e'], 3);
    const flow: QueueFlow = { keyConcurrency: 1, fair: true, weights: { c: 2 } };
    const { admitted } = admit(causes('a', 'b', 'c', 'd', 'e'), flow);
    expect(admitted).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(turns('a', 'b', 'c', 'd', 'e')).toEqual([6, 6, 5.5, 6, 21]);
    expect(site.states(['a', 'b', 'c', 'd', 'e'])).toEqual(Array.from({ length: 5 }, () => 'available'));
  });

  it('have the first of them at the head of a line in which nobody stands', () => {
    for (const key of ['a', 'b', 'c']) put(key, 'held', [key]);
    admit(causes('a', 'b', 'c'), { keyConcurrency: 1, fair: true });
    expect(turns('a', 'b', 'c')).toEqual([0, 1, 1]);
  });
});
