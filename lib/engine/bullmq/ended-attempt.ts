import { wallTime } from '../../clock/index.js';
import type { Outcome } from '../port/index.js';
import { type AttemptRecord, toStack } from './attempt-record.js';
import type { RunningJob } from './running-job.js';
import type { TaskJob } from './task-job.js';

/** The record of an attempt that ends now. */
export function attemptRecord(
  workerId: string,
  { task, startedAt }: RunningJob,
  outcome: AttemptRecord['outcome'],
  from?: Partial<Outcome>,
): AttemptRecord {
  const error = from && 'error' in from ? from.error : undefined;
  return {
    attempt: task.attempt,
    worker: workerId,
    startedAt,
    finishedAt: wallTime(),
    outcome,
    ...(error && { error }),
  };
}

/** What BullMQ stores of a job that is put aside after an attempt. */
export function stacksWith(job: TaskJob, record: AttemptRecord): Record<'failedReason' | 'stacktrace', string> {
  const stacktrace = JSON.stringify([...(job.stacktrace ?? []), toStack(record)]);
  return { failedReason: record.error?.message ?? record.outcome, stacktrace };
}
