import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';

/** Until when something is kept that is kept for ever. */
export const FOREVER = Number.MAX_SAFE_INTEGER;

/** A task of a workflow has ended, or lives again: its node counts it soon, see `settle-workflows.ts`. */
export const NOTE_SETTLING = `
  INSERT OR REPLACE INTO tasks_settling (task, keep_until)
  SELECT seq, iif(finished_at IS NULL, 0, coalesce(expires_at, ${FOREVER})) FROM tasks_task WHERE seq = ?`;

/** It goes with its workflow, and not before. */
export const KEEP_WITH_WORKFLOW = `UPDATE tasks_task SET expires_at = NULL WHERE seq = ?`;

/** Notes, in the commit that changes a task of a workflow, that its node is to count it. */
export function settleLater(transaction: Transaction, seq: number): void {
  statement<[number]>(transaction.database, NOTE_SETTLING).run(seq);
  statement<[number]>(transaction.database, KEEP_WITH_WORKFLOW).run(seq);
  transaction.settles(0);
}
