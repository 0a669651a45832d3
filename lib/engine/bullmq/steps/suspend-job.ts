import type { StepRecord } from '../../port/index.js';
import { attemptRecord, stacksWith } from '../ended-attempt.js';
import type { QueueSet } from '../queue-set.js';
import type { RunningJob } from '../running-job.js';
import type { Callers } from './callers.js';
import type { JobHold } from './step-rows.js';
import { suspensionOf } from './suspended-jobs.js';

export interface SuspendParts {
  readonly set: QueueSet;
  readonly workerId: string;
  readonly callers: Callers;
  /** Before a job is put aside for tasks that it has called. */
  readonly watchCalls: (hold: JobHold) => Promise<void>;
  report(error: Error): void;
}

/** Puts a job aside whose attempt waits for something. @throws what tells BullMQ that it was, or that its lease was lost */
export async function suspendJob(
  { set, workerId, callers, watchCalls, report }: SuspendParts,
  running: RunningJob,
  waits: readonly StepRecord[],
): Promise<never> {
  const { hold, job } = running;
  const { WaitingError, DelayedError } = set.library;
  const { record, ...how } = suspensionOf(attemptRecord(workerId, running, 'snoozed'), waits);
  const calls = waits.some(({ kind }) => kind === 'call');
  if (calls) await watchCalls(hold);
  const moved = await set.steps.suspend(hold, { ...how, ...stacksWith(job, record) });
  if (moved === null) throw new Error(`The lease of task "${running.task.id}" was lost while it was suspended.`);
  // What it called may have ended before it was put aside.
  if (calls) await callers.look(hold.queue, hold.id, hold.started).catch(report);
  throw moved === 'waiting' ? new WaitingError() : new DelayedError();
}
