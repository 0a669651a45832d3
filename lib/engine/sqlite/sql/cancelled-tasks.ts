import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';

/** Reads `tasks_task_running`. */
export const CANCELLED_TASKS = `
  SELECT seq FROM tasks_task
   WHERE state = 'running' AND worker = ? AND cancel_requested = 1`;

/** The tasks (by `seq`) that run under this worker's lease and whose cancellation was asked for. */
export function cancelledAmong(database: Database, worker: string): Set<number> {
  const rows = statement<[string], { seq: number }>(database, CANCELLED_TASKS).all(worker);
  return new Set(rows.map((row) => row.seq));
}
