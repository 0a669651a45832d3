import type { TaskResult } from '../../port/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { parsePaths } from './name-rows.js';

export const PUT_RESULT = `INSERT OR REPLACE INTO tasks_result (task, value, sensitive, expires_at) VALUES (?, ?, ?, ?)`;

/** The rows of a task that is marked so go with it. */
export const MARK_BESIDE = `UPDATE tasks_task SET beside = 1 WHERE seq = ? AND beside IS NULL`;

export const RESULT_OF_TASK = `SELECT value, sensitive FROM tasks_result WHERE task = ?`;

/** Reads `tasks_result_expiry`. */
export const PRUNE_RESULTS = `
  DELETE FROM tasks_result
   WHERE task IN (SELECT task FROM tasks_result
                   WHERE expires_at IS NOT NULL AND expires_at <= ?
                   ORDER BY expires_at
                   LIMIT ?)
  RETURNING (SELECT queue FROM tasks_task WHERE seq = task) AS queue, (SELECT id FROM tasks_task WHERE seq = task) AS id`;

export const NEXT_RESULT_EXPIRY = `
  SELECT expires_at FROM tasks_result
   WHERE expires_at IS NOT NULL
   ORDER BY expires_at
   LIMIT 1`;

/** Keeps what the handler of a task returned, in the commit that ends its attempt. */
export function putResult(transaction: Transaction, task: number, result: TaskResult, finishedAt: number): void {
  const { database } = transaction;
  const { json, sensitive, keepFor } = result;
  const paths = sensitive.length > 0 ? JSON.stringify(sensitive) : null;
  const expiresAt = transaction.expiry(finishedAt, keepFor);
  statement<[number, string, string | null, number | null]>(database, PUT_RESULT).run(task, json, paths, expiresAt);
  statement<[number]>(database, MARK_BESIDE).run(task);
}

/** What the handler of a task returned, as a reader may see it; absent where none is kept. */
export function readResult(
  database: Database,
  task: { readonly seq: number; readonly beside: number | null },
  mask: (value: unknown, sensitive: readonly string[]) => unknown,
): { readonly result?: unknown } {
  if (task.beside === null) return {};
  const row = statement<[number], { value: string; sensitive: string | null }>(database, RESULT_OF_TASK).get(task.seq);
  if (!row) return {};
  const value: unknown = JSON.parse(row.value);
  return { result: row.sensitive === null ? value : mask(value, parsePaths(row.sensitive)) };
}

/** Deletes at most `limit` results whose own time is over; returns how many. */
export function pruneResults(transaction: Transaction, now: number, limit: number): number {
  const rows = statement<[number, number], { queue: string | null; id: string }>(
    transaction.database,
    PRUNE_RESULTS,
  ).all(now, limit);
  for (const { queue, id } of rows) if (queue !== null) transaction.touch(queue, id);
  return rows.length;
}

/** When the next result's own time is over; null where each is kept as long as its task. */
export function nextResultExpiry(database: Database): number | null {
  return statement<[], { expires_at: number }>(database, NEXT_RESULT_EXPIRY).get()?.expires_at ?? null;
}
