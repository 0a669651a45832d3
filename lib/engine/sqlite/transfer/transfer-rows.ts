import type { TaskLog, TaskProgress } from '../../task.js';
import type { MovedState, StoredTask } from '../../transfer.js';
import type { Database } from '../connection.js';
import { statement } from '../statement.js';
import { parsePaths } from '../statements/claim-tasks.js';
import { insertAttempt } from '../statements/insert-attempt.js';
import { ATTEMPTS_OF_TASK, toAttempt, type AttemptRow } from '../statements/read-tasks.js';
import type { Transaction } from '../transaction.js';

/** Walks the table by its key: all of it is wanted. */
const MOVED_TASKS = `
  SELECT * FROM tasks_task
   WHERE seq > ? AND state IN ('scheduled', 'available', 'retryable', 'failed')
   ORDER BY seq
   LIMIT ?`;

const LOGS_OF_TASK = `SELECT attempt, at, message FROM tasks_log WHERE task = ? ORDER BY id`;

const INSERT_MOVED = `
  INSERT INTO tasks_task
    (id, queue, name, state, priority, attempt, excused, lost, max_attempts, run_at, created_at, started_at, finished_at,
     expires_at, progress, settings, sensitive, parent_id, params)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO NOTHING`;

const INSERT_LOG = `INSERT INTO tasks_log (task, attempt, at, message) VALUES (?, ?, ?, ?)`;

const FIND = `SELECT seq, queue, state FROM tasks_task WHERE id = ? AND state <> 'running'`;
const DELETE = `DELETE FROM tasks_task WHERE seq = ?`;

interface TaskRow {
  seq: number;
  id: string;
  queue: string;
  name: string;
  state: MovedState;
  priority: number;
  attempt: number;
  excused: number;
  lost: number;
  max_attempts: number | null;
  run_at: number;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  expires_at: number | null;
  progress: string | null;
  settings: string | null;
  sensitive: string | null;
  params: string;
  parent_id: string | null;
}

/** At most `limit` tasks that came after `after`, and the number of the last of them. */
export function movedTasks(database: Database, after: number, limit: number): { tasks: StoredTask[]; last: number } {
  const rows = statement<[number, number], TaskRow>(database, MOVED_TASKS).all(after, limit);
  return { tasks: rows.map((row) => toTask(database, row)), last: rows.at(-1)?.seq ?? after };
}

function toTask(database: Database, row: TaskRow): StoredTask {
  return {
    id: row.id,
    queue: row.queue,
    name: row.name,
    state: row.state,
    params: row.params,
    priority: row.priority,
    runAt: row.run_at,
    createdAt: row.created_at,
    maxAttempts: row.max_attempts,
    settings: row.settings,
    sensitive: row.sensitive === null ? [] : parsePaths(row.sensitive),
    ...(row.parent_id !== null && { parentId: row.parent_id }),
    attempt: row.attempt,
    excusedAttempts: row.excused,
    lostAttempts: row.lost,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    expiresAt: row.expires_at,
    progress: row.progress === null ? null : (JSON.parse(row.progress) as TaskProgress),
    attempts: statement<[number], AttemptRow>(database, ATTEMPTS_OF_TASK).all(row.seq).map(toAttempt),
    logs: statement<[number], TaskLog>(database, LOGS_OF_TASK).all(row.seq),
  };
}

/** @param keepFailed milliseconds that a failed task is kept whose store did not say; null: for ever */
export function insertMovedTask(
  transaction: Transaction,
  task: StoredTask,
  now: number,
  keepFailed: number | null,
): void {
  const { database } = transaction;
  const kept = task.state === 'failed' && task.expiresAt === null && keepFailed !== null ? now + keepFailed : null;
  const expiresAt = task.expiresAt ?? kept;
  const { changes, lastInsertRowid } = statement<(string | number | null)[]>(database, INSERT_MOVED).run(
    task.id,
    task.queue,
    task.name,
    task.state,
    task.priority,
    task.attempt,
    task.excusedAttempts,
    task.lostAttempts,
    task.maxAttempts,
    task.runAt,
    task.createdAt,
    task.startedAt,
    task.finishedAt,
    expiresAt,
    task.progress && JSON.stringify(task.progress),
    task.settings,
    task.sensitive.length > 0 ? JSON.stringify(task.sensitive) : null,
    task.parentId ?? null,
    task.params,
  );
  if (changes === 0) return;
  const seq = Number(lastInsertRowid);
  for (const { attempt, worker, startedAt, finishedAt, outcome, error } of task.attempts) {
    // What ended without a time on record ended when the next could begin at the latest.
    const ended = { finishedAt: finishedAt ?? startedAt, outcome: outcome ?? 'lost', error: error ?? null };
    insertAttempt(transaction, { task: seq, attempt, worker, startedAt, ...ended });
  }
  const log = statement<[number, number, number, string]>(database, INSERT_LOG);
  for (const { attempt, at, message } of task.logs) log.run(seq, attempt, at, message);
  transaction.moved(task.queue, null, task.state);
  transaction.touch(task.queue, task.id);
}

export function deleteMovedTask(transaction: Transaction, id: string): void {
  const { database } = transaction;
  const found = statement<[string], { seq: number; queue: string; state: MovedState }>(database, FIND).get(id);
  if (!found) return;
  statement<[number]>(database, DELETE).run(found.seq);
  transaction.moved(found.queue, found.state, null);
  transaction.touch(found.queue, id);
}
