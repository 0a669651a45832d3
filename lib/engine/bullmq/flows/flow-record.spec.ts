import { expect, it } from 'vitest';
import { jobOf } from '../../../../test/engines/support/plain-job.js';
import { type FlowEnd, flowEndIn, inOrder } from './flow-record.js';

it('has an end of its workflow once that is noted', () => {
  const end = { ending: 'cancelled', finishedAt: 7 } as FlowEnd;
  expect(flowEndIn(jobOf({}, { returnvalue: end }))).toBe(end);
  expect(flowEndIn(jobOf({}, { returnvalue: null }))).toBeNull();
  expect(flowEndIn(jobOf({}, { returnvalue: undefined }))).toBeNull();
});

it('has nodes in an order in which each comes after those that it waits for', () => {
  const waits = (after: number[], follower: number | null) => ({ after, follower });
  expect(inOrder([waits([1, 2], null), waits([3], 0), waits([], 0), waits([], 1), waits([], null)])).toEqual([
    2, 3, 4, 1, 0,
  ]);
});
