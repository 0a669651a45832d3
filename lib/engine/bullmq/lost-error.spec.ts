import { expect, it } from 'vitest';
import { jobOf } from '../../../test/engines/support/plain-job.js';
import { JobView } from './job-view.js';
import { lostError } from './lost-error.js';

const REASON = 'job stalled more than allowable limit';
const ERROR = {
  name: 'WorkerLostError',
  message:
    'The process that ran this attempt ended, or gave no sign of life for the length of its lease. ' +
    'That was attempt number 3 in a row to be lost, so the task is not tried again.',
};

it('says in our words why BullMQ has given a job up, and nothing of another failure', () => {
  const seen = { failedReason: REASON, stalledCounter: 3, attemptsStarted: 3, attemptsMade: 1, finishedOn: 1 };
  const stacktrace = [`UnrecoverableError: ${REASON}\n    at x`];
  const job = jobOf({}, { ...seen, stacktrace });
  expect(lostError(job)).toEqual(ERROR);
  const view = new JobView(
    (params) => params,
    () => [],
  );
  expect(view.task('default', job, 'failed', []).error).toEqual(ERROR);
  expect(lostError(jobOf({}, { failedReason: 'it broke', stalledCounter: 3 }))).toBeNull();
  expect(lostError(jobOf({}, { failedReason: 'it broke' }), REASON)?.message).toContain('attempt number 1 in a row');
  expect(lostError(jobOf({}, { failedReason: `my ${REASON}` }))).toBeNull();
});
