import type { StepKind, StepWait } from '../../../contract/index.js';
import type { StepLease, StepPage, StepPlace, StepRecord } from '../../port/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { parsePaths } from './name-rows.js';
import { traitsIn } from './task-traits.js';

/** Most steps, and most characters of their results, that are read in one go. */
const MAX_READ = { steps: 1_000, characters: 4 * 1_024 ** 2 };

/** The task whose attempt records something; nothing where its lease was lost. */
export const LEASED_TASK = `
  SELECT seq, traits FROM tasks_task WHERE id = ? AND attempt = ? AND worker = ? AND state = 'running'`;

/** With the first record of a task: its next attempt is to read them, and they go with it. */
export const MARK_STEPS = `
  UPDATE tasks_task SET beside = 1, traits = json_set(coalesce(traits, '{}'), '$.steps', json('true')) WHERE seq = ?`;

const COLUMNS = 'kind, name, number, position, wait, sensitive, started_at, finished_at, result';

export const PUT_STEP = `
  INSERT OR REPLACE INTO tasks_step (task, attempt, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export const STEPS_AFTER = `
  SELECT ${COLUMNS} FROM tasks_step
   WHERE task = ? AND (kind, name, number) > (?, ?, ?)
   ORDER BY kind, name, number
   LIMIT ${MAX_READ.steps}`;

/** Before every place. */
const START = { kind: '', name: '', number: -1 };

export interface StepRow {
  readonly kind: StepKind;
  readonly name: string;
  readonly number: number;
  readonly position: number;
  readonly wait: string | null;
  readonly sensitive: string | null;
  readonly started_at: number;
  readonly finished_at: number | null;
  readonly result: string | null;
}

/** A task whose attempt holds its lease. */
export interface LeasedRow {
  readonly seq: number;
  readonly traits: string | null;
}

/** The task that an attempt runs; undefined where its lease was lost. */
export function leasedTask(database: Database, { id, attempt, worker }: StepLease): LeasedRow | undefined {
  return statement<[string, number, string], LeasedRow>(database, LEASED_TASK).get(id, attempt, worker ?? '');
}

/** Records a step; the caller has looked at the lease in this very transaction. */
export function putStep(database: Database, task: LeasedRow, attempt: number, step: StepRecord): void {
  if (!traitsIn(task.traits).traits?.steps) statement<[number]>(database, MARK_STEPS).run(task.seq);
  insertStep(database, task.seq, attempt, step);
}

export function insertStep(database: Database, task: number, attempt: number, step: StepRecord): void {
  statement<Array<string | number | null>>(database, PUT_STEP).run(
    task,
    attempt,
    step.kind,
    step.name,
    step.number,
    step.position,
    step.wait && JSON.stringify(step.wait),
    step.sensitive.length > 0 ? JSON.stringify(step.sensitive) : null,
    step.startedAt,
    step.finishedAt,
    step.result,
  );
}

/** Some of the steps of the task that an attempt runs; none where its lease was lost. */
export function readSteps(database: Database, lease: StepLease, after: StepPlace | null): StepPage {
  const task = leasedTask(database, lease);
  if (!task) return { steps: [], more: false };
  const { kind, name, number } = after ?? START;
  const rows = statement<[number, string, string, number], StepRow>(database, STEPS_AFTER);
  const steps: StepRecord[] = [];
  let characters = 0;
  for (const row of rows.iterate(task.seq, kind, name, number)) {
    steps.push(recordOf(row));
    characters += row.result?.length ?? 0;
    if (characters > MAX_READ.characters) return { steps, more: true };
  }
  return { steps, more: steps.length === MAX_READ.steps };
}

function recordOf(row: StepRow): StepRecord {
  const { kind, name, number, position, wait, sensitive, started_at: startedAt, finished_at: finishedAt, result } = row;
  return {
    kind,
    name,
    number,
    position,
    wait: waitOf(wait),
    sensitive: sensitive === null ? [] : parsePaths(sensitive),
    startedAt,
    finishedAt,
    result,
  };
}

/** @param json as the column has it */
export function waitOf(json: string | null): StepWait | null {
  return json === null ? null : (JSON.parse(json) as StepWait);
}
