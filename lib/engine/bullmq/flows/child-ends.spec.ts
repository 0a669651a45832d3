import { describe, expect, it } from 'vitest';
import { jobOf } from '../../../../test/engines/support/plain-job.js';
import { nodeEndOf, stateOfEnd } from './awaited-ends.js';
import { cancelledValue, type ChildEnd, childEndOf } from './child-ends.js';

const IN_FLOW = jobOf({ traits: { workflow: { id: 'w', node: 'n' } } });

describe('how a task has ended that another one waits for', () => {
  it('cancelled', () => {
    expect(childEndOf({ value: cancelledValue(IN_FLOW) })).toEqual({ state: 'cancelled' });
    expect(childEndOf({ value: cancelledValue(IN_FLOW, 0) })).toEqual({ state: 'cancelled', cause: 0 });
  });

  it.each<[string, unknown, ChildEnd]>([
    ['with a result', { n: 1 }, { state: 'completed', result: '{"n":1}' }],
    ['with a text', 'x', { state: 'completed', result: '"x"' }],
    ['with null', null, { state: 'completed', result: 'null' }],
    ['without one', undefined, { state: 'completed', result: 'null' }],
    ['without one, by a note', { maxAttempts: 7 }, { state: 'completed', result: null }],
    ['encoded', { 'nestjs-tasks:result': 'Nw==' }, { state: 'completed', result: '7' }],
  ])('%s', (_what, value, end) => {
    expect(childEndOf({ value })).toEqual(end);
  });

  it('failed', () => {
    expect(childEndOf({ failed: 'broken' })).toEqual({ state: 'failed', reason: 'broken' });
  });

  it('says nothing of being cancelled where it is of no workflow', () => {
    expect(cancelledValue(jobOf(), 1)).toBeUndefined();
  });
});

describe('how a node has ended', () => {
  const ends = (...list: ChildEnd[]) => new Map(list.map((end, index) => [`t${index}`, end]));
  const completed: ChildEnd = { state: 'completed', result: null };
  const failed: ChildEnd = { state: 'failed', reason: 'broken' };

  it('counts its tasks, with the first that failed and what kept it from running', () => {
    expect(nodeEndOf(ends())).toEqual({ completed: 0, failed: 0, cancelled: 0 });
    expect(nodeEndOf(ends(completed, failed, failed, completed))).toEqual({
      completed: 2,
      failed: 2,
      cancelled: 0,
      failedTask: 't1',
    });
    const cancelled = ends({ state: 'cancelled' }, { state: 'cancelled', cause: 3 }, { state: 'cancelled', cause: 4 });
    expect(nodeEndOf(cancelled)).toEqual({ completed: 0, failed: 0, cancelled: 3, cause: 3 });
    expect(nodeEndOf(ends({ state: 'failed', reason: 'no' }, completed))).not.toHaveProperty('cause');
    expect(nodeEndOf(ends(completed))).not.toHaveProperty('failedTask');
  });

  it('is by the worst of them', () => {
    expect(stateOfEnd({ failed: 1, cancelled: 1 })).toBe('failed');
    expect(stateOfEnd({ failed: 0, cancelled: 1 })).toBe('cancelled');
    expect(stateOfEnd({ failed: 0, cancelled: 0 })).toBe('completed');
  });
});
