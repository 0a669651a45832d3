import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';

export const SET_PAUSED = `
  INSERT INTO tasks_queue (name, paused_at) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET paused_at = excluded.paused_at`;

export function setPaused(transaction: Transaction, queue: string, pausedAt: number | null): void {
  statement<[string, number | null]>(transaction.database, SET_PAUSED).run(queue, pausedAt);
  if (pausedAt === null) transaction.available.add(queue);
  else transaction.paused.add(queue);
  transaction.touch(queue);
}

/** Reads `tasks_task_running`, which holds only tasks that run. */
export const RUNNING_OF_QUEUE = `SELECT seq, attempt, worker FROM tasks_task WHERE state = 'running' AND queue = ?`;

/** The leases of a queue, whoever holds them. */
export function leasesOf(database: Database, queue: string): { seq: number; attempt: number; worker: string }[] {
  return statement<[string], { seq: number; attempt: number; worker: string }>(database, RUNNING_OF_QUEUE).all(queue);
}
