import { MOST_CHILDREN_LISTED, type ChildTask } from '../../task.js';
import type { Task, TaskAttempt, TaskError, TaskLog, TaskProgress, TaskState, TaskSummary } from '../../task.js';
import type { Database } from '../connection.js';
import { statement } from '../statement.js';
import { parsePaths } from './claim-tasks.js';

/** A task, with what its handler's process has noted about its name. */
const TASK = `
  SELECT tasks_task.*, (SELECT sensitive FROM tasks_name WHERE name = tasks_task.name) AS name_sensitive FROM tasks_task`;
export const TASK_BY_ID = `${TASK} WHERE id = ?`;
export const TASK_BY_SEQ = `${TASK} WHERE seq = ?`;
export const ATTEMPTS_OF_TASK = `SELECT * FROM tasks_attempt WHERE task = ? ORDER BY attempt`;
export const LAST_ERROR_OF_TASK = `
  SELECT error_name, error_message FROM tasks_attempt
   WHERE task = ? AND error_name IS NOT NULL
   ORDER BY attempt DESC
   LIMIT 1`;
/** The newest lines, read back into their order. */
export const LOGS_OF_TASK = `SELECT attempt, at, message FROM tasks_log WHERE task = ? ORDER BY id DESC LIMIT 5000`;

/** Reads `tasks_task_children`, which holds only tasks that have a parent. */
export const CHILDREN_OF_TASK = `
  SELECT id, name, queue, state FROM tasks_task WHERE parent_id = ? ORDER BY seq LIMIT ${MOST_CHILDREN_LISTED}`;

export type Mask = (params: unknown, sensitive: readonly string[]) => unknown;

export interface TaskRow {
  seq: number;
  id: string;
  queue: string;
  name: string;
  state: TaskState;
  priority: number;
  attempt: number;
  excused: number;
  max_attempts: number | null;
  run_at: number;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  worker: string | null;
  progress: string | null;
  sensitive: string | null;
  name_sensitive: string | null;
  params: string;
  parent_id: string | null;
}

export interface AttemptRow {
  attempt: number;
  worker: string;
  started_at: number;
  finished_at: number;
  outcome: NonNullable<TaskAttempt['outcome']>;
  error_name: string | null;
  error_message: string | null;
  error_stack: string | null;
}

/** One task with its attempts and logs; null where there is none of that id. */
export function readTask(database: Database, id: string, mask: Mask): Task | null {
  const row = statement<[string], TaskRow>(database, TASK_BY_ID).get(id);
  if (!row) return null;
  const attempts = statement<[number], AttemptRow>(database, ATTEMPTS_OF_TASK).all(row.seq).map(toAttempt);
  const error = attempts.findLast((attempt) => attempt.error)?.error ?? null;
  const logs = statement<[number], TaskLog>(database, LOGS_OF_TASK).all(row.seq).toReversed();
  const children = statement<[string], ChildTask>(database, CHILDREN_OF_TASK).all(id);
  const shown = toSummary(row, error, mask);
  return { ...shown, attempts: withCurrent(attempts, row), logs, parentId: row.parent_id, children };
}

/** A task as a list shows it; null where it was deleted meanwhile. */
export function readSummary(database: Database, seq: number, mask: Mask): TaskSummary | null {
  const row = statement<[number], TaskRow>(database, TASK_BY_SEQ).get(seq);
  return row ? summaryOf(database, row, mask) : null;
}

/** Those of `ids` that there are, in their order. */
export function readSummaries(database: Database, ids: readonly string[], mask: Mask): TaskSummary[] {
  const byId = statement<[string], TaskRow>(database, TASK_BY_ID);
  const rows = ids.map((id) => byId.get(id)).filter((row) => row !== undefined);
  return rows.map((row) => summaryOf(database, row, mask));
}

function summaryOf(database: Database, row: TaskRow, mask: Mask): TaskSummary {
  const error = statement<[number], { error_name: string; error_message: string }>(database, LAST_ERROR_OF_TASK).get(
    row.seq,
  );
  return toSummary(row, error ? { name: error.error_name, message: error.error_message } : null, mask);
}

/** Params as a reader may see them. */
export function readableParams(
  row: Pick<TaskRow, 'params' | 'sensitive' | 'name_sensitive'>,
  mask: Mask,
): Pick<TaskSummary, 'params' | 'paramsUnreadable'> {
  try {
    const params: unknown = JSON.parse(row.params);
    const paths = [row.sensitive, row.name_sensitive].flatMap((text) => (text === null ? [] : parsePaths(text)));
    return { params: paths.length === 0 ? params : mask(params, paths) };
  } catch {
    return { params: null, paramsUnreadable: true };
  }
}

function toSummary(row: TaskRow, error: TaskError | null, mask: Mask): TaskSummary {
  return {
    id: row.id,
    queue: row.queue,
    name: row.name,
    state: row.state,
    ...readableParams(row, mask),
    priority: row.priority,
    attempt: row.attempt,
    maxAttempts: row.max_attempts === null ? null : row.max_attempts + row.excused,
    runAt: row.run_at,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    progress: row.progress === null ? null : (JSON.parse(row.progress) as TaskProgress),
    error,
  };
}

export function toAttempt(row: AttemptRow): TaskAttempt {
  const { attempt, worker, started_at: startedAt, finished_at: finishedAt, outcome } = row;
  if (row.error_name === null) return { attempt, worker, startedAt, finishedAt, outcome };
  const error: TaskError = {
    name: row.error_name,
    message: row.error_message ?? '',
    ...(row.error_stack === null ? {} : { stack: row.error_stack }),
  };
  return { attempt, worker, startedAt, finishedAt, outcome, error };
}

function withCurrent(ended: TaskAttempt[], row: TaskRow): TaskAttempt[] {
  if (row.state !== 'running') return ended;
  const { attempt, worker, started_at: startedAt } = row;
  return [...ended, { attempt, worker: worker!, startedAt: startedAt!, finishedAt: null, outcome: null }];
}
