import { expect, it } from 'vitest';
import { jobOf } from '../../../test/engines/support/plain-job.js';
import { recordsIn, toStack } from './attempt-record.js';
import { attemptRecord, stacksWith } from './ended-attempt.js';
import { RunningJob } from './running-job.js';

const parts = { report: () => undefined, tellOfLog: () => Promise.resolve() };
const ERROR = { name: 'Error', message: 'broken' };

it('records an attempt as it ends, and stores it behind those before', () => {
  const job = jobOf({}, { attemptsStarted: 2, processedOn: 5 });
  const running = new RunningJob(job, 'token', 'q', parts);
  const released = attemptRecord('w', running, 'released');
  expect(released).toEqual({
    attempt: 2,
    worker: 'w',
    startedAt: 5,
    finishedAt: released.finishedAt,
    outcome: 'released',
  });
  expect(Math.abs(Date.now() - released.finishedAt)).toBeLessThan(60_000);
  expect(attemptRecord('w', running, 'completed', { kind: 'completed' })).not.toHaveProperty('error');
  const failed = attemptRecord('w', running, 'failed', { kind: 'failed', error: ERROR });
  expect(failed.error).toEqual(ERROR);

  expect(stacksWith(job, released)).toEqual({
    failedReason: 'released',
    stacktrace: JSON.stringify([toStack(released)]),
  });
  const again = jobOf({}, { stacktrace: [toStack(released)] });
  const { failedReason, stacktrace } = stacksWith(again, failed);
  expect(failedReason).toBe('broken');
  expect(recordsIn(JSON.parse(stacktrace) as string[])).toEqual([released, failed]);
  expect(stacksWith(jobOf({}, { stacktrace: null as never }), failed).stacktrace).toBe(
    JSON.stringify([toStack(failed)]),
  );
});
