import type { Outcome } from '../../port/index.js';
import type { TaskState } from '../../../contract/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import type { ClaimedTask } from './claim-tasks.js';
import { lapseLater } from './lapse-tasks.js';
import { endTask, LEASE, recordEnd, type Timing } from './end-tasks.js';
import { insertTasks } from './insert-tasks.js';
import { keyKeptUntil } from './unique-keys.js';
import { suspendTask } from './suspend-task.js';
import { noteUnhandled } from './unhandled-kinds.js';
import { tellOfEnd } from './wake-tasks.js';
import { noteSlot } from './settle-keys.js';
import { closeLimit } from './closed-limits.js';
import { holdOff, ofUnhandled, recordedAs } from '../../common/index.js';

/** Not for a task that was cancelled meanwhile: that one ends. */
export const RETRY_TASK = `
  UPDATE tasks_task
     SET state = ?, started_at = ?, run_at = ?, excused = excused + ?, max_attempts = ?, lost = 0, unhandled_since = NULL
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

/** Not begun by its `startBy`: as if it had never been claimed, and it ends. */
export const EXPIRE_CLAIMED_TASK = `
  UPDATE tasks_task
     SET state = 'cancelled', attempt = attempt - 1, worker = NULL, started_at = NULL, finished_at = ?, expires_at = ?,
         max_attempts = ?, traits = json_set(traits, '$.reason', 'expired')
   WHERE ${LEASE}`;

/** Left to others before it had started: due again at a later time, in any process. */
export const DECLINE_TASK = `
  UPDATE tasks_task
     SET state = 'scheduled', attempt = attempt - 1, worker = NULL, started_at = NULL, run_at = ?, unhandled_since = ?
   WHERE ${LEASE} AND cancel_requested = 0`;

export const UNHANDLED_SINCE = `SELECT unhandled_since FROM tasks_task WHERE seq = ?`;

type Lease = [seq: number, attempt: number, worker: string];

/**
 * Ends an attempt with `outcome`:
 *
 *     running ──completed──> completed, and what follows it is stored
 *             ──failed─────> failed
 *             ──cancelled──> cancelled; as if it had never been claimed, where it had not begun by its startBy
 *             ──retry──────> retryable, or available where its time has come; cancelled where that was asked for
 *             ──suspended──> suspended, or available where what it waits for has come; cancelled where that was asked for
 *             ──released───> available; cancelled where that was asked for
 *             ──declined───> scheduled, for any process; failed where nobody has known its name for too long; cancelled as above
 *
 * Returns false where the lease had been lost: the task is then somebody else's, and nothing was changed.
 */
export function finishAttempt(transaction: Transaction, task: ClaimedTask, outcome: Outcome, timing: Timing): boolean {
  switch (outcome.kind) {
    case 'cancelled':
      if (outcome.reason) return expire(transaction, task, outcome, timing.finishedAt);
      return endTask(transaction, task, outcome, timing);
    case 'completed':
      return complete(transaction, task, outcome, timing);
    case 'failed':
      return endTask(transaction, task, outcome, timing);
    case 'retry':
      return retry(transaction, task, outcome, timing);
    case 'suspended':
      return suspendTask(transaction, task, outcome, timing);
    case 'released':
      return release(transaction, task, timing);
    case 'declined':
      return decline(transaction, task, outcome, timing);
  }
}

function complete(
  transaction: Transaction,
  task: ClaimedTask,
  outcome: Outcome & { kind: 'completed' },
  timing: Timing,
): boolean {
  if (!endTask(transaction, task, outcome, timing)) return false;
  if (outcome.followUps) insertTasks(transaction, outcome.followUps, timing.finishedAt);
  return true;
}

function retry(
  transaction: Transaction,
  task: ClaimedTask,
  outcome: Outcome & { kind: 'retry' },
  timing: Timing,
): boolean {
  const state = outcome.at > timing.finishedAt ? 'retryable' : 'available';
  const update = statement<[TaskState, number | null, number, number, number | null, ...Lease]>(
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
  if (outcome.closes) closeLimit(transaction, task.queue, outcome.closes.limit, timing.finishedAt, outcome.at);
  if (task.traits) lapseLater(transaction, task.seq, task.traits, true);
  recordEnd(transaction, task, state, recordedAs(outcome), outcome.error, timing);
  if (outcome.countsAttempt) transaction.tell('retried', task, outcome.error);
  return true;
}

function release(transaction: Transaction, task: ClaimedTask, timing: Timing): boolean {
  if (timing.startedAt === null) {
    const update = statement<Lease>(transaction.database, UNCLAIM_TASK);
    if (update.run(task.seq, task.attempt, task.worker).changes === 0) return false;
    unclaimed(transaction, task, 'available');
    return true;
  }
  const update = statement<[number, ...Lease]>(transaction.database, RELEASE_TASK);
  if (update.run(timing.startedAt, task.seq, task.attempt, task.worker).changes === 0) return false;
  recordEnd(transaction, task, 'available', 'released', null, timing);
  if (task.traits) lapseLater(transaction, task.seq, task.traits, true);
  return true;
}

function decline(
  transaction: Transaction,
  task: ClaimedTask,
  outcome: Outcome & { kind: 'declined' },
  timing: Timing,
): boolean {
  const now = timing.finishedAt;
  const { database } = transaction;
  const row = statement<[number], { unhandled_since: number | null }>(database, UNHANDLED_SINCE).get(task.seq);
  const since = row?.unhandled_since ?? now;
  const ended = ofUnhandled(outcome, since, now);
  if (ended) return finishAttempt(transaction, task, ended, timing);
  const until = now + holdOff(now - since);
  const update = statement<[number, number, ...Lease]>(database, DECLINE_TASK);
  if (update.run(until, since, task.seq, task.attempt, task.worker).changes === 0) return false;
  unclaimed(transaction, task, 'scheduled');
  transaction.due(until);
  noteUnhandled(transaction, task.queue, task.name);
  return true;
}

/** Notes a task that is as it was before its claim, but for the state. */
function unclaimed(transaction: Transaction, task: ClaimedTask, state: 'available' | 'scheduled'): void {
  const { seq, queue, id, traits } = task;
  transaction.moved(queue, 'running', state);
  transaction.touch(queue, id);
  noteSlot(transaction, { seq, queue, key: traits?.key }, 'running', state);
  lapseAsBefore(transaction, task);
}

/** A task that is as it was before its claim lapses when it would have; its time may have come meanwhile. */
function lapseAsBefore(transaction: Transaction, { seq, attempt, traits }: ClaimedTask): void {
  if (traits) lapseLater(transaction, seq, traits, attempt > 1);
}

function expire(
  transaction: Transaction,
  task: ClaimedTask,
  outcome: Outcome & { kind: 'cancelled' },
  now: number,
): boolean {
  const update = statement<[number, number | null, number | null, ...Lease]>(transaction.database, EXPIRE_CLAIMED_TASK);
  const keptUntil = keyKeptUntil(transaction.database, task.seq, task.traits);
  const expiresAt = transaction.expiry(now, outcome.keepFor, keptUntil);
  const { changes } = update.run(now, expiresAt, outcome.maxAttempts, task.seq, task.attempt, task.worker);
  if (changes === 0) return false;
  const { seq, queue, traits } = task;
  transaction.tell('cancelled', { ...task, attempt: task.attempt - 1 });
  transaction.moved(queue, 'running', 'cancelled');
  transaction.touch(queue, task.id);
  noteSlot(transaction, { seq, queue, key: traits?.key }, 'running', 'cancelled');
  tellOfEnd(transaction, { seq, id: task.id, traits }, now);
  transaction.metric(task, now).cancelled += 1;
  return true;
}
