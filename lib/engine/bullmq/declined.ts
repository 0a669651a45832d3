import type { TaskAttempt } from '../../contract/index.js';
import { holdOff, lapseOf, ofUnhandled } from '../common/index.js';
import type { Outcome } from '../port/index.js';
import { type AttemptRecord, recordsIn } from './attempt-record.js';
import { attemptOf, notesOf } from './stored-job.js';
import type { TaskJob } from './task-job.js';

/** The name of the error that a task is left to others with. */
const UNKNOWN_NAME = 'UnknownTaskNameError';

/**
 * What becomes of a task that this process knows no handler for: it comes again later, for whichever process, and the
 * attempt does not count; or it fails, where that has gone on for too long. BullMQ counts how often a job was begun, so the
 * attempt keeps its number.
 */
export function declinedOutcome(job: TaskJob, outcome: Outcome & { kind: 'declined' }, now: number): Outcome {
  const since = unhandledSince(recordsIn(job.stacktrace)) ?? now;
  const { error, maxAttempts } = outcome;
  const stackless = { name: UNKNOWN_NAME, message: error.message };
  return (
    ofUnhandled(outcome, since, now) ?? {
      kind: 'retry',
      at: now + holdOff(now - since),
      error: stackless,
      countsAttempt: false,
      maxAttempts,
    }
  );
}

/** When the first of the last attempts that were left to others began; undefined where the last one was not. */
export function unhandledSince(records: readonly AttemptRecord[]): number | undefined {
  const handled = records.findLastIndex((record) => !isDeclined(record));
  return records[handled + 1]?.startedAt;
}

/** Whether a task has failed because it was left to others for too long. */
export function failedUnknown(records: readonly AttemptRecord[]): boolean {
  const last = records.at(-1);
  return last?.outcome === 'failed' && last.error?.name === UNKNOWN_NAME && records.some(isDeclined);
}

/** Whether a handler may have been called: each attempt before was left to others where it was not. */
export function hasBegun(job: TaskJob): boolean {
  return attemptsBegun(job) > 0;
}

/**
 * Whether the time is over by which a job had to start that is about to be left to others once more. Who looked for that
 * while this process had it in hand took it for one that had started.
 */
export function hasExpired(job: TaskJob, now: number): boolean {
  const { traits } = notesOf(job);
  return traits !== undefined && attemptsBegun(job) <= 1 && lapseOf(traits, false, now) === 'expired';
}

/** How many attempts were not left to others; the present one is among them. */
function attemptsBegun(job: TaskJob): number {
  return attemptOf(job) - recordsIn(job.stacktrace).filter(isDeclined).length;
}

/** Whether an attempt was left to others; its error is none of the task's own. */
export function isDeclined({ outcome, error }: Pick<TaskAttempt, 'outcome' | 'error'>): boolean {
  return outcome === 'snoozed' && error?.name === UNKNOWN_NAME;
}
