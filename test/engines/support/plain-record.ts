import { type AttemptRecord, toStack } from '../../../lib/engine/bullmq/attempt-record.js';
import type { TaskJob } from '../../../lib/engine/bullmq/task-job.js';
import { CREATED_AT, jobOf } from './plain-job.js';

/** The record of an attempt that failed and is tried again. */
export function record(attempt: number, overrides: Partial<AttemptRecord> = {}): AttemptRecord {
  const at = CREATED_AT + attempt * 1_000;
  return {
    attempt,
    worker: 'worker-1',
    startedAt: at,
    finishedAt: at + 500,
    outcome: 'retried',
    error: { name: 'RangeError', message: `broken ${attempt}`, stack: `RangeError: broken ${attempt}` },
    ...overrides,
  };
}

/** The record of an attempt that was left to processes that know a handler. */
export function declined(attempt: number): AttemptRecord {
  return record(attempt, { outcome: 'snoozed', error: { name: 'UnknownTaskNameError', message: 'No handler' } });
}

/** The job of a task after `records`, each of which counts. */
export function after(records: readonly AttemptRecord[], seen: Partial<TaskJob> = {}): TaskJob {
  const made = records.length;
  return jobOf({}, { attemptsStarted: made, attemptsMade: made, stacktrace: records.map(toStack), ...seen });
}
