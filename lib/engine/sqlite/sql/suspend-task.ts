import { waitingFor } from '../../common/index.js';
import type { Outcome } from '../../port/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import type { ClaimedTask } from './claim-tasks.js';
import { LEASE, recordEnd, type Timing } from './end-tasks.js';
import { lapseLater } from './lapse-tasks.js';
import { answerBySignals } from './signal-rows.js';
import { insertStep } from './step-rows.js';
import { endDueWaits, isCallOver, wakeTask } from './wake-tasks.js';

/** Not for a task that was cancelled meanwhile: that one ends. */
export const SUSPEND_TASK = `
  UPDATE tasks_task
     SET state = 'suspended', started_at = ?, run_at = ?, excused = excused + 1, max_attempts = ?, lost = 0,
         unhandled_since = NULL, beside = 1,
         traits = json_set(coalesce(traits, '{}'), '$.steps', json('true'), '$.waitingFor', json(?))
   WHERE ${LEASE} AND cancel_requested = 0
  RETURNING traits`;

/**
 * Ends an attempt that waits for something:
 *
 *     running ──> suspended
 *             ──> available, where what it waits for came while it was on its way here
 *
 * Returns false where the lease had been lost.
 */
export function suspendTask(
  transaction: Transaction,
  task: ClaimedTask,
  { waits, maxAttempts }: Outcome & { kind: 'suspended' },
  timing: Timing,
): boolean {
  const { database } = transaction;
  const { seq, id, queue, attempt, worker } = task;
  const now = timing.finishedAt;
  const shown = waitingFor(waits, now);
  const update = statement<Array<string | number | null>, { traits: string }>(database, SUSPEND_TASK);
  const startedAt = timing.startedAt;
  const row = update.get(startedAt, shown.until ?? now, maxAttempts, JSON.stringify(shown), seq, attempt, worker);
  if (!row) return false;
  for (const wait of waits) insertStep(database, seq, attempt, wait);
  recordEnd(transaction, task, 'suspended', 'snoozed', null, timing);
  const bySignals = answerBySignals(database, seq, now);
  if (endDueWaits(database, seq, now) || bySignals || isCallOver(database, seq))
    wakeTask(transaction, { seq, id, queue, traits: row.traits }, now);
  else lapseLater(transaction, seq, { ...task.traits, waitingFor: shown }, true);
  return true;
}
