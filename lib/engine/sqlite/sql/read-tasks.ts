import {
  type ChildTask,
  MAX_CHILDREN_LISTED,
  type Task,
  type TaskAttempt,
  type TaskError,
  type TaskLog,
  type TaskProgress,
  type TaskState,
  type TaskSummary,
} from '../../../contract/index.js';
import { lapseError, readableParams, shownTraits } from '../../common/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { parsePaths } from './name-rows.js';
import { readHold } from './key-rows.js';
import { blockOf } from './parked-tasks.js';
import { readResult } from './result-rows.js';
import { tagsIn, traitsIn } from './task-traits.js';
import { keyHolderOf } from './unique-keys.js';

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
  SELECT id, name, queue, state, traits FROM tasks_task WHERE parent_id = ? ORDER BY seq LIMIT ${MAX_CHILDREN_LISTED}`;

export type Mask = (params: unknown, sensitive: readonly string[]) => unknown;

export interface TaskColumns {
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
  unhandled_since: number | null;
  traits: string | null;
  beside: number | null;
  key: string | null;
  parked: string | null;
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
export function readTask(database: Database, id: string, mask: Mask, now: number): Task | null {
  const row = statement<[string], TaskColumns>(database, TASK_BY_ID).get(id);
  if (!row) return null;
  const attempts = statement<[number], AttemptRow>(database, ATTEMPTS_OF_TASK).all(row.seq).map(toAttempt);
  const error = attempts.findLast((attempt) => attempt.error)?.error ?? null;
  const logs = statement<[number], TaskLog>(database, LOGS_OF_TASK).all(row.seq).toReversed();
  const ofIt = statement<[string], ChildTask & { traits: string | null }>(database, CHILDREN_OF_TASK).all(id);
  const children = ofIt.map(({ traits, ...child }): ChildTask => ({ ...child, ...tagsIn(traits) }));
  const shown = toSummary(row, error, mask);
  const result = row.state === 'completed' ? readResult(database, row, mask) : {};
  const hold = row.state === 'held' ? readHold(database, row) : null;
  const block = row.state === 'available' && row.parked !== null ? blockOf(row.parked) : null;
  const own = { attempts: withCurrent(attempts, row), logs, parentId: row.parent_id, children };
  const holder = keyHolderOf(database, row, shown, now);
  return { ...shown, ...own, ...result, ...(hold && { hold }), ...(block && { block }), ...holder };
}

/** A task as a list shows it, and the characters that its params take; null where it was deleted meanwhile. */
export function readSummary(
  database: Database,
  seq: number,
  mask: Mask,
): { readonly task: TaskSummary; readonly size: number } | null {
  const row = statement<[number], TaskColumns>(database, TASK_BY_SEQ).get(seq);
  return row ? { task: summaryOf(database, row, mask), size: row.params.length } : null;
}

/** The stored tasks among `ids`, in the order of `ids`. */
export function readSummaries(database: Database, ids: readonly string[], mask: Mask): TaskSummary[] {
  const byId = statement<[string], TaskColumns>(database, TASK_BY_ID);
  const rows = ids.map((id) => byId.get(id)).filter((row) => row !== undefined);
  return rows.map((row) => summaryOf(database, row, mask));
}

function summaryOf(database: Database, row: TaskColumns, mask: Mask): TaskSummary {
  const error = statement<[number], { error_name: string; error_message: string }>(database, LAST_ERROR_OF_TASK).get(
    row.seq,
  );
  return toSummary(row, error ? { name: error.error_name, message: error.error_message } : null, mask);
}

/** Params as a reader may see them. */
export function shownParams(
  row: Pick<TaskColumns, 'params' | 'sensitive' | 'name_sensitive'>,
  mask: Mask,
): Pick<TaskSummary, 'params' | 'paramsUnreadable'> {
  const paths = [row.sensitive, row.name_sensitive].flatMap((text) => (text === null ? [] : parsePaths(text)));
  return readableParams(row.params, paths, mask);
}

function toSummary(row: TaskColumns, error: TaskError | null, mask: Mask): TaskSummary {
  const { traits } = traitsIn(row.traits);
  return {
    id: row.id,
    queue: row.queue,
    name: row.name,
    state: row.state,
    ...shownParams(row, mask),
    priority: row.priority,
    attempt: row.attempt,
    maxAttempts: row.max_attempts === null ? null : row.max_attempts + row.excused,
    runAt: row.run_at,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    progress: row.progress === null ? null : (JSON.parse(row.progress) as TaskProgress),
    error: lapseError(traits) ?? error,
    ...shownTraits(traits),
    ...(row.unhandled_since !== null && row.finished_at === null && { unhandledSince: row.unhandled_since }),
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

function withCurrent(ended: TaskAttempt[], row: TaskColumns): TaskAttempt[] {
  if (row.state !== 'running') return ended;
  const { attempt, worker, started_at: startedAt } = row;
  return [...ended, { attempt, worker: worker!, startedAt: startedAt!, finishedAt: null, outcome: null }];
}
