import type { Outcome } from '../../task-engine.js';
import type { AttemptOutcome, TaskError, TaskState } from '../../task.js';
import { statement } from '../statement.js';
import type { Transaction } from '../transaction.js';
import type { ClaimedTask } from './claim-tasks.js';
import { insertAttempt } from './insert-attempt.js';

/** Every statement that ends an attempt names its lease: where it was lost, nothing matches and nothing changes. */
const LEASE = `seq = ? AND attempt = ? AND worker = ? AND state = 'running'`;

export const END_TASK = `
  UPDATE tasks_task
     SET state = ?, started_at = ?, finished_at = ?, expires_at = ?, max_attempts = ?
   WHERE ${LEASE}`;

/** Not for a task that was cancelled meanwhile: that one ends. */
export const RETRY_TASK = `
  UPDATE tasks_task
     SET state = ?, started_at = ?, run_at = ?, excused = excused + ?, max_attempts = ?, lost = 0
   WHERE ${LEASE} AND cancel_requested = 0`;

/** Handed back after it had started: the attempt stays on record and does not count. */
export const RELEASE_TASK = `
  UPDATE tasks_task
     SET state = 'available', started_at = ?, excused = excused + 1
   WHERE ${LEASE} AND cancel_requested = 0`;

/** Handed back before it had started: as if it had never been claimed. */
export const UNCLAIM_TASK = `
  UPDATE tasks_task
     SET state = 'available', attempt = attempt - 1, worker = NULL, started_at = NULL
   WHERE ${LEASE} AND cancel_requested = 0`;

type Lease = [seq: number, attempt: number, worker: string];

export interface Timing {
  /** When the handler was called; null where it was not. */
  readonly startedAt: number | null;
  readonly finishedAt: number;
}

/**
 * Ends an attempt with `outcome`:
 *
 *     running ──completed──> completed
 *             ──failed─────> failed
 *             ──cancelled──> cancelled
 *             ──retry──────> retryable, or available where its time has come; cancelled where that was asked for
 *             ──released───> available; cancelled where that was asked for
 *
 * Returns false where the lease had been lost: the task is then somebody else's, and nothing was changed.
 */
export function finishAttempt(transaction: Transaction, task: ClaimedTask, outcome: Outcome, timing: Timing): boolean {
  switch (outcome.kind) {
    case 'completed':
      return end(transaction, task, 'completed', outcome.maxAttempts, outcome.keepFor, null, timing);
    case 'failed':
      return end(transaction, task, 'failed', outcome.maxAttempts, outcome.keepFor, outcome.error, timing);
    case 'cancelled':
      return end(transaction, task, 'cancelled', outcome.maxAttempts, outcome.keepFor, outcome.error ?? null, timing);
    case 'retry':
      return retry(transaction, task, outcome, timing);
    case 'released':
      return release(transaction, task, timing);
  }
}

/** Ends a task whose cancellation was asked for, when its attempt ended in a way that would have let it run again. */
export function finishCancelled(
  transaction: Transaction,
  task: ClaimedTask,
  keepFor: number | null,
  timing: Timing,
  error: TaskError | null,
): boolean {
  return end(transaction, task, 'cancelled', task.maxAttempts, keepFor, error, timing);
}

function end(
  transaction: Transaction,
  task: ClaimedTask,
  state: 'completed' | 'failed' | 'cancelled',
  maxAttempts: number | null,
  keepFor: number | null,
  error: TaskError | null,
  timing: Timing,
): boolean {
  const expiresAt = transaction.expiry(timing.finishedAt, keepFor);
  const update = statement<[TaskState, number | null, number, number | null, number | null, ...Lease]>(
    transaction.database,
    END_TASK,
  );
  const { changes } = update.run(
    state,
    timing.startedAt,
    timing.finishedAt,
    expiresAt,
    maxAttempts,
    task.seq,
    task.attempt,
    task.worker,
  );
  if (changes === 0) return false;
  record(transaction, task, state, state, error, timing);
  return true;
}

function retry(
  transaction: Transaction,
  task: ClaimedTask,
  outcome: Outcome & { kind: 'retry' },
  timing: Timing,
): boolean {
  const state = outcome.at > timing.finishedAt ? 'retryable' : 'available';
  const update = statement<[TaskState, number | null, number, number, number, ...Lease]>(
    transaction.database,
    RETRY_TASK,
  );
  const { changes } = update.run(
    state,
    timing.startedAt,
    outcome.at,
    outcome.countsAttempt ? 0 : 1,
    outcome.maxAttempts,
    task.seq,
    task.attempt,
    task.worker,
  );
  if (changes === 0) return false;
  if (state === 'retryable') transaction.due(outcome.at);
  record(transaction, task, state, outcome.countsAttempt ? 'retried' : 'snoozed', outcome.error, timing);
  return true;
}

function release(transaction: Transaction, task: ClaimedTask, timing: Timing): boolean {
  if (timing.startedAt === null) {
    const update = statement<Lease>(transaction.database, UNCLAIM_TASK);
    if (update.run(task.seq, task.attempt, task.worker).changes === 0) return false;
    transaction.moved(task.queue, 'running', 'available');
    transaction.touch(task.queue, task.id);
    return true;
  }
  const update = statement<[number, ...Lease]>(transaction.database, RELEASE_TASK);
  if (update.run(timing.startedAt, task.seq, task.attempt, task.worker).changes === 0) return false;
  record(transaction, task, 'available', 'released', null, timing);
  return true;
}

function record(
  transaction: Transaction,
  task: ClaimedTask,
  state: TaskState,
  outcome: AttemptOutcome,
  error: TaskError | null,
  timing: Timing,
): void {
  const { startedAt, finishedAt } = timing;
  if (startedAt !== null) {
    const { seq, attempt, worker } = task;
    insertAttempt(transaction, { task: seq, attempt, worker, startedAt, finishedAt, outcome, error });
  }
  noteEnd(transaction, task, state, outcome, timing);
}

/** Notes an attempt that has ended for the counters, the metrics and those who watch. */
export function noteEnd(
  transaction: Transaction,
  { queue, id, runAt }: ClaimedTask,
  state: TaskState,
  outcome: AttemptOutcome,
  { startedAt, finishedAt }: Timing,
): void {
  transaction.moved(queue, 'running', state);
  transaction.touch(queue, id);
  if (startedAt === null) return;
  const metric = transaction.metric(queue, finishedAt);
  if (outcome === 'completed' || outcome === 'failed' || outcome === 'retried' || outcome === 'cancelled') {
    metric[outcome] += 1;
  }
  metric.waits.push(Math.max(0, startedAt - runAt));
  metric.runs.push(Math.max(0, finishedAt - startedAt));
}
