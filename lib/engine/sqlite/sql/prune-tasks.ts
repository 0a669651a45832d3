import type { TaskState } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';

/** Reads `tasks_task_expiry`; attempts and logs go with their task. */
export const PRUNE_TASKS = `
  DELETE FROM tasks_task
   WHERE seq IN (SELECT seq FROM tasks_task
                  WHERE expires_at IS NOT NULL AND expires_at <= ?
                  ORDER BY expires_at
                  LIMIT ?)
  RETURNING id, queue, state`;

export const NEXT_EXPIRY = `
  SELECT expires_at FROM tasks_task
   WHERE expires_at IS NOT NULL
   ORDER BY expires_at
   LIMIT 1`;

export const PRUNE_METRICS = `DELETE FROM tasks_metric WHERE minute < ?`;

/** Deletes at most `limit` tasks whose retention is over; returns how many. */
export function pruneTasks(transaction: Transaction, now: number, limit: number): number {
  const rows = statement<[number, number], { id: string; queue: string; state: TaskState }>(
    transaction.database,
    PRUNE_TASKS,
  ).all(now, limit);
  for (const { id, queue, state } of rows) {
    transaction.moved(queue, state, null);
    transaction.touch(queue, id);
  }
  return rows.length;
}

/** When the next task's retention is over; null where none is kept for a limited time. */
export function nextExpiry(database: Database): number | null {
  return statement<[], { expires_at: number }>(database, NEXT_EXPIRY).get()?.expires_at ?? null;
}

export function pruneMetrics(transaction: Transaction, before: number): void {
  statement<[number]>(transaction.database, PRUNE_METRICS).run(before);
}
