import { expect, it } from 'vitest';
import { newTask, START } from '../../../../test/conformance/harness.js';
import { ManualClock } from '../../../clock/index.js';
import type { TaskTraits } from '../../../contract/index.js';
import {
  besideTask,
  hasMore,
  INSERT_LAPSE,
  INSERT_OWN_ID,
  INSERT_TAG,
  keyedTraits,
  lapsesAt,
  tagsIn,
  traitParameters,
  traitsIn,
} from './task-traits.js';

const unique = { key: 'k', until: 'ended', onConflict: 'keep' } as const;
const task = (traits?: TaskTraits, id?: string) =>
  newTask(new ManualClock(START), { ...(traits && { traits }), ...(id !== undefined && { id }) });

it.each<[what: string, traits: TaskTraits, beside: 1 | null]>([
  ['tags', { tags: { a: '1' } }, 1],
  ['a time to start by', { startBy: START }, 1],
  ['a deadline', { deadlineAt: START }, 1],
  ['a unique key', { unique }, 1],
  ['a workflow', { workflow: { id: 'w', node: 'n' } }, 1],
  ['a version', { version: 2 }, null],
  ['nothing', {}, null],
])('A task with %s has more than its row where it is looked up by that', (_what, traits, beside) => {
  expect(hasMore(task(traits))).toBe(true);
  expect(traitParameters(task(traits))).toEqual([JSON.stringify(traits), beside, null]);
});

it('A plain task has no more than its row, one of another id does, and a key has a column', () => {
  expect(hasMore(task())).toBe(false);
  expect(traitParameters(task())).toEqual([null, null, null]);
  expect(hasMore(task(undefined, 'own'))).toBe(true);
  expect(traitParameters(task(undefined, 'own'))).toEqual([null, 1, null]);
  expect(traitParameters(task({ key: 'a' }))).toEqual(['{"key":"a"}', null, 'a']);
});

it('What a task is looked up by is stored beside it', () => {
  expect([...besideTask(task())]).toEqual([]);
  expect([...besideTask(task({ startBy: START, tags: { a: '1', b: '2' } }, 'own'))]).toEqual([
    [INSERT_OWN_ID, ['own']],
    [INSERT_TAG, ['a', '1', 'own']],
    [INSERT_TAG, ['b', '2', 'own']],
    [INSERT_LAPSE, [START, 'own']],
  ]);
});

it('A task lapses at the first of its times', () => {
  expect(lapsesAt(undefined)).toBe(Infinity);
  expect(lapsesAt({})).toBe(Infinity);
  expect(lapsesAt({ startBy: 1, deadlineAt: 2 })).toBe(1);
  expect(lapsesAt({ startBy: 3, deadlineAt: 2 })).toBe(2);
  expect(lapsesAt({ deadlineAt: 2 })).toBe(2);
});

it.each([[null], ['{"a'], ['null'], ['[1]'], ['1'], ['"a"']])('The column %s has no traits', (json) => {
  expect(traitsIn(json)).toEqual({});
  expect(tagsIn(json)).toEqual({});
  expect(keyedTraits(json, 'k')).toEqual({ traits: { key: 'k' } });
});

it('Traits are read from their column, tags among them, and a key from its own', () => {
  expect(traitsIn('{"version":2}')).toEqual({ traits: { version: 2 } });
  expect(tagsIn('{"version":2}')).toEqual({});
  expect(tagsIn('{"tags":{"a":"1"}}')).toEqual({ tags: { a: '1' } });
  expect(keyedTraits('{"version":2,"key":"old"}', null)).toEqual({ traits: { version: 2, key: '' } });
  expect(keyedTraits('{"version":2}', 'k')).toEqual({ traits: { version: 2, key: 'k' } });
});
