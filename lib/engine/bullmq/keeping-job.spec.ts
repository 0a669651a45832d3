import { expect, it } from 'vitest';
import { jobOf } from '../../../test/engines/support/plain-job.js';
import { keepingJob } from './keeping-job.js';

const HOUR_S = 60 * 60;
const PLAIN = jobOf();
const CALLED = jobOf({ traits: { caller: { task: 'a', step: 'pay', number: 1 } } });
const IN_FLOW = jobOf({ traits: { workflow: { id: 'w', node: 'n' } } });
const one = (): number => 1;

it('keeps a task for as long, and as many, as its queue says', () => {
  expect(keepingJob(PLAIN, 'q', 'completed', 1_000, one)).toEqual({ age: 1, count: 1 });
  expect(keepingJob(PLAIN, 'q', 'failed', 0, one)).toBe(true);
});

it.each([
  ['was called', CALLED],
  ['is of a workflow', IN_FLOW],
])('keeps one that %s for an hour at least, however many there are', (_what, job) => {
  expect(keepingJob(job, 'q', 'completed', 0, one)).toEqual({ age: HOUR_S });
  expect(keepingJob(job, 'q', 'completed', 2 * HOUR_S * 1_000, one)).toEqual({ age: 2 * HOUR_S });
  expect(keepingJob(job, 'q', 'failed', null, one)).toBe(false);
});
