import {
  MAX_LISTED_STEP_BYTES,
  MAX_STEPS_LISTED,
  type TaskStep,
  type TaskSteps,
  type WaitingSignal,
} from '../../../contract/index.js';
import { shownStepJson } from '../../common/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { parsePaths } from './name-rows.js';
import type { Mask } from './read-tasks.js';
import { type StepRow, waitOf } from './step-rows.js';

export const TASK_OF_ID = `SELECT seq FROM tasks_task WHERE id = ?`;

export const LISTED_STEPS = `
  SELECT kind, name, number, position, attempt, wait, sensitive, started_at, finished_at,
         octet_length(result) > ${MAX_LISTED_STEP_BYTES} AS is_large,
         CASE WHEN octet_length(result) <= ${MAX_LISTED_STEP_BYTES} THEN result END AS result
    FROM tasks_step
   WHERE task = ?
   ORDER BY position DESC
   LIMIT ${MAX_STEPS_LISTED}`;

export const COUNT_OF_STEPS = `SELECT count(*) FROM tasks_step WHERE task = ?`;

/** Reads `tasks_signal_task`, and sorts the few that a task has. */
export const SIGNALS_OF_TASK = `
  SELECT name, sent_at, sensitive, CASE WHEN octet_length(payload) <= ${MAX_LISTED_STEP_BYTES} THEN payload END AS payload
    FROM tasks_signal WHERE task = ? ORDER BY id LIMIT ${MAX_STEPS_LISTED}`;

interface ListedRow extends StepRow {
  readonly attempt: number;
  readonly is_large: number | null;
}

interface SignalRow {
  readonly name: string;
  readonly sent_at: number;
  readonly sensitive: string | null;
  readonly payload: string | null;
}

/** The steps of a task as a reader may see them; null where there is no task of that id. */
export function listSteps(database: Database, id: string, mask: Mask): TaskSteps | null {
  const task = statement<[string], number>(database, TASK_OF_ID).pluck().get(id);
  if (task === undefined) return null;
  const rows = statement<[number], ListedRow>(database, LISTED_STEPS).all(task);
  const signals = statement<[number], SignalRow>(database, SIGNALS_OF_TASK).all(task);
  return {
    steps: rows.toReversed().map((row) => stepOf(row, mask)),
    total: statement<[number], number>(database, COUNT_OF_STEPS).pluck().get(task)!,
    signals: signals.map((row) => signalOf(row, mask)),
  };
}

function stepOf(row: ListedRow, mask: Mask): TaskStep {
  const wait = waitOf(row.wait);
  return {
    kind: row.kind,
    name: row.name,
    number: row.number,
    position: row.position,
    attempt: row.attempt,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    ...(row.result !== null && { result: shownStepJson(row.result, pathsIn(row.sensitive), mask) }),
    ...(row.is_large === 1 && { isLarge: true }),
    ...(wait && { wait }),
  };
}

function signalOf({ name, sent_at: sentAt, sensitive, payload }: SignalRow, mask: Mask): WaitingSignal {
  return { name, sentAt, payload: payload === null ? null : shownStepJson(payload, pathsIn(sensitive), mask) };
}

function pathsIn(sensitive: string | null): readonly string[] {
  return sensitive === null ? [] : parsePaths(sensitive);
}
