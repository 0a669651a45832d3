import type { TaskLog, TaskProgress } from '../../../contract/index.js';
import { MOVED_AT_A_TIME, type MovedState, sizeOfStored, type StoredTask } from '../../port/index.js';
import { lapseError, storedKey } from '../../common/index.js';
import type { Database } from '../store/database.js';
import { placeholders, statement } from '../store/statement.js';
import { parsePaths } from '../sql/name-rows.js';
import { insertAttempt } from '../sql/end-tasks.js';
import { noteError } from '../sql/note-error.js';
import { noteSlot, readyState } from '../sql/settle-keys.js';
import { besideTask, TRAIT_COLUMNS, traitParameters, traitsIn } from '../sql/task-traits.js';
import { ATTEMPTS_OF_TASK, toAttempt, type AttemptRow } from '../sql/read-tasks.js';
import { runScript } from '../sql/run-script.js';
import { keyHolder, TAKE_KEY } from '../sql/unique-keys.js';
import type { Transaction } from '../store/transaction.js';

/** Walks the table by its key: all of it is wanted. */
const MOVED_TASKS = `
  SELECT * FROM tasks_task
   WHERE seq > ? AND state IN ('scheduled', 'available', 'held', 'retryable', 'failed')
   ORDER BY seq
   LIMIT ?`;

const MOVED_KINDS = `
  SELECT DISTINCT queue, name FROM tasks_task
   WHERE state IN ('scheduled', 'available', 'held', 'retryable', 'failed')
   ORDER BY queue, name`;

const LOGS_OF_TASK = `SELECT attempt, at, message FROM tasks_log WHERE task = ? ORDER BY id`;

const INSERT_MOVED = `
  INSERT INTO tasks_task
    (id, queue, name, state, priority, attempt, excused, lost, max_attempts, run_at, created_at, started_at, finished_at,
     expires_at, progress, settings, sensitive, parent_id, params,
     ${TRAIT_COLUMNS.join(', ')})
  VALUES ${placeholders(19 + TRAIT_COLUMNS.length, 1)}
  ON CONFLICT (id) DO NOTHING`;

const INSERT_LOG = `INSERT INTO tasks_log (task, attempt, at, message) VALUES (?, ?, ?, ?)`;

/** A key until the start is taken with the attempt that the task has now, or was released by it. */
const KEY_TAKEN = `
  SELECT taken_at AS at, tasks_unique.expires_at AS expiresAt FROM tasks_unique JOIN tasks_task ON seq = task
   WHERE task = ? AND (until <> 'started' OR tasks_unique.attempt = tasks_task.attempt)`;

const ENDED = `SELECT 1 FROM tasks_task WHERE id = ? AND state IN ('completed', 'cancelled')`;
const FIND = `SELECT seq, queue, state, key FROM tasks_task WHERE id = ? AND state <> 'running'`;
/** Of tasks that would be begun anew, and do again what they have done. */
const HAVING_STEPS = `
  SELECT id, state FROM tasks_task
   WHERE seq IN (SELECT task FROM tasks_step UNION SELECT task FROM tasks_signal)
     AND state NOT IN ('completed', 'cancelled', 'running')
   LIMIT 20`;

/** What others wait for, or wait for others. */
const LIVE_WORKFLOWS = `SELECT id, name FROM tasks_workflow WHERE state = 'running' LIMIT 20`;

/**
 * What keeps tasks from being moved, as a person reads it: durable steps stay with the store that they were recorded in, and
 * workflows with the one that they were started in.
 */
export function unmovable(database: Database): string[] {
  const rows = statement<[], { id: string; state: string }>(database, HAVING_STEPS).all();
  const workflows = statement<[], { id: string; name: string }>(database, LIVE_WORKFLOWS).all();
  return [
    ...rows.map(
      ({ id, state }) =>
        `task ${id}, ${state}, has recorded durable steps, which no other store takes: let it end, cancel it or delete it`,
    ),
    ...workflows.map(
      ({ id, name }) =>
        `workflow "${name}" (${id}) has not ended, and no other store takes it: let it end, or cancel it`,
    ),
  ];
}

const DELETE = `DELETE FROM tasks_task WHERE seq = ?`;

interface TaskColumns {
  seq: number;
  id: string;
  queue: string;
  name: string;
  state: MovedState | 'held';
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
  traits: string | null;
}

interface FoundTask extends Pick<TaskColumns, 'seq' | 'queue' | 'state'> {
  readonly key: string | null;
}

/** Each queue and name of tasks that are moved. */
export function movedKinds(database: Database): Array<{ queue: string; name: string }> {
  return statement<[], { queue: string; name: string }>(database, MOVED_KINDS).all();
}

/** At most `limit` tasks that came after `after`, fewer where they are large, and the number of the last of them. */
export function movedTasks(database: Database, after: number, limit: number): { tasks: StoredTask[]; last: number } {
  const tasks: StoredTask[] = [];
  let [last, size] = [after, 0];
  for (const row of statement<[number, number], TaskColumns>(database, MOVED_TASKS).iterate(after, limit)) {
    const task = toTask(database, row);
    tasks.push(task);
    last = row.seq;
    size += sizeOfStored(task);
    if (size >= MOVED_AT_A_TIME) break;
  }
  return { tasks, last };
}

function toTask(database: Database, row: TaskColumns): StoredTask {
  return {
    id: row.id,
    queue: row.queue,
    name: row.name,
    // Whether it is held, the store that it moves to says.
    state: row.state === 'held' ? 'available' : row.state,
    params: row.params,
    priority: row.priority,
    runAt: row.run_at,
    createdAt: row.created_at,
    maxAttempts: row.max_attempts,
    settings: row.settings,
    sensitive: row.sensitive === null ? [] : parsePaths(row.sensitive),
    ...(row.parent_id !== null && { parentId: row.parent_id }),
    ...traitsIn(row.traits),
    attempt: row.attempt,
    excusedAttempts: row.excused,
    lostAttempts: row.lost,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    expiresAt: row.expires_at,
    progress: row.progress === null ? null : (JSON.parse(row.progress) as TaskProgress),
    attempts: statement<[number], AttemptRow>(database, ATTEMPTS_OF_TASK).all(row.seq).map(toAttempt),
    logs: statement<[number], TaskLog>(database, LOGS_OF_TASK).all(row.seq),
    ...keyTakenBy(database, row),
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
  const { queue } = task;
  const key = task.traits?.key ?? null;
  const state = task.state === 'available' ? readyState({ key }) : task.state;
  const { changes, lastInsertRowid } = statement<(string | number | null)[]>(database, INSERT_MOVED).run(
    task.id,
    task.queue,
    task.name,
    state,
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
    ...traitParameters(task),
  );
  if (changes === 0) return;
  const seq = Number(lastInsertRowid);
  for (const [sql, parameters] of besideTask(task)) statement<unknown[]>(database, sql).run(parameters);
  takeMovedKey(transaction, task, seq);
  for (const { attempt, worker, startedAt, finishedAt, outcome, error } of task.attempts) {
    // An attempt without an end on record ended when the next could begin, at the latest.
    const ended = { finishedAt: finishedAt ?? startedAt, outcome: outcome ?? 'lost', error: error ?? null };
    insertAttempt(transaction, { task: seq, attempt, worker, startedAt, ...ended });
  }
  const log = statement<[number, number, number, string]>(database, INSERT_LOG);
  for (const { attempt, at, message } of task.logs) log.run(seq, attempt, at, message);
  if (task.state === 'failed') {
    const last = task.attempts.findLast((attempt) => attempt.error)?.error;
    const error = lapseError(task.traits) ?? last ?? { name: 'Error', message: '' };
    noteError(transaction, { seq, queue: task.queue, name: task.name }, error, task.finishedAt ?? now);
  }
  transaction.moved(queue, null, state);
  transaction.touch(queue, task.id);
  if (state === 'held') noteSlot(transaction, { seq, queue, key }, task.state, state);
}

/** Whether there is a task of that id which has ended and is not moved. */
export function hasEndedThere(database: Database, id: string): boolean {
  return statement<[string]>(database, ENDED).get(id) !== undefined;
}

function keyTakenBy(database: Database, { seq, traits }: TaskColumns): Pick<StoredTask, 'keyTaken'> {
  if (traitsIn(traits).traits?.unique === undefined) return {};
  const row = statement<[number], { at: number; expiresAt: number | null }>(database, KEY_TAKEN).get(seq);
  return row ? { keyTaken: row } : {};
}

/** A key that a task of the target has is left to it. */
function takeMovedKey(transaction: Transaction, task: StoredTask, seq: number): void {
  const { traits, keyTaken } = task;
  if (!traits?.unique || !keyTaken) return;
  const key = storedKey(task, traits.unique);
  if (runScript(transaction, keyHolder(key, keyTaken.at)) !== null) return;
  const { until } = traits.unique;
  statement<(string | number | null)[]>(transaction.database, TAKE_KEY).run(
    key,
    seq,
    until,
    task.attempt,
    keyTaken.at,
    keyTaken.expiresAt,
  );
}

export function deleteMovedTask(transaction: Transaction, id: string): void {
  const { database } = transaction;
  const found = statement<[string], FoundTask>(database, FIND).get(id);
  if (!found) return;
  statement<[number]>(database, DELETE).run(found.seq);
  transaction.moved(found.queue, found.state, null);
  noteSlot(transaction, found, found.state, null);
  transaction.touch(found.queue, id);
}
