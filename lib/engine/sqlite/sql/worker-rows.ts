import { MAX_RUNNING_LISTED, type RunningTask, type WorkerInfo } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { tagsIn } from './task-traits.js';

export const INSERT_WORKER = `
  INSERT OR REPLACE INTO tasks_worker (id, host, pid, pid_space, pid_birth, started_at, queues, lease)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
export const DELETE_WORKER = `DELETE FROM tasks_worker WHERE id = ?`;
export const ALL_WORKERS = `SELECT * FROM tasks_worker ORDER BY started_at`;

/** Reads `tasks_task_running`, which holds only tasks that run. */
export const RUNNING_OF_WORKER = `
  SELECT id, queue, name, attempt, started_at AS startedAt, traits FROM tasks_task
   WHERE state = 'running' AND worker = ?
   ORDER BY started_at, seq
   LIMIT ${MAX_RUNNING_LISTED}`;

/** A registered process, and what tells whether it still lives. */
export interface WorkerRecord extends WorkerInfo {
  readonly pidSpace: string;
  readonly pidBirth: string | null;
  /** How long it may be silent, in milliseconds; null where that is not known. */
  readonly lease: number | null;
}

interface Row {
  id: string;
  host: string;
  pid: number;
  pid_space: string;
  pid_birth: string | null;
  started_at: number;
  queues: string;
  lease: number | null;
}

export function insertWorker(transaction: Transaction, worker: WorkerRecord): void {
  statement<(string | number | null)[]>(transaction.database, INSERT_WORKER).run(
    worker.id,
    worker.host,
    worker.pid,
    worker.pidSpace,
    worker.pidBirth,
    worker.startedAt,
    JSON.stringify(worker.queues),
    worker.lease,
  );
}

export function deleteWorker(transaction: Transaction, id: string): void {
  statement<[string]>(transaction.database, DELETE_WORKER).run(id);
}

export function allWorkers(database: Database): WorkerRecord[] {
  return statement<[], Row>(database, ALL_WORKERS)
    .all()
    .map((row) => ({
      id: row.id,
      host: row.host,
      pid: row.pid,
      pidSpace: row.pid_space,
      pidBirth: row.pid_birth,
      startedAt: row.started_at,
      queues: JSON.parse(row.queues) as Record<string, number>,
      lease: row.lease,
    }));
}

export function runningTasksOf(database: Database, worker: string): RunningTask[] {
  const rows = statement<[string], RunningTask & { traits: string | null }>(database, RUNNING_OF_WORKER).all(worker);
  return rows.map(({ traits, ...task }) => ({ ...task, ...tagsIn(traits) }));
}
