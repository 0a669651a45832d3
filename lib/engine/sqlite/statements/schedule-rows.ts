import { MOST_LAST_RUNS, type CatchUp, type Schedule, type ScheduleStatus } from '../../task-engine.js';
import type { Database } from '../connection.js';
import { statement } from '../statement.js';
import type { Transaction } from '../transaction.js';
import { taskKinds } from './task-kinds.js';

/** A changed expression or zone starts anew; an unchanged one keeps its next run, so that missed ticks are seen. */
export const SAVE_SCHEDULE = `
  INSERT INTO tasks_schedule
    (name, expression, time_zone, utc_offset, queue, task, params, priority, max_attempts, settings,
     catch_up, threshold, overlap, disabled, source, next_run_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET
    next_run_at = CASE WHEN expression = excluded.expression AND time_zone IS excluded.time_zone
                        AND utc_offset IS excluded.utc_offset AND disabled = excluded.disabled
                       THEN next_run_at ELSE excluded.next_run_at END,
    expression = excluded.expression, time_zone = excluded.time_zone, utc_offset = excluded.utc_offset,
    queue = excluded.queue, task = excluded.task, params = excluded.params, priority = excluded.priority,
    max_attempts = excluded.max_attempts, settings = excluded.settings, catch_up = excluded.catch_up,
    threshold = excluded.threshold, overlap = excluded.overlap, disabled = excluded.disabled, source = excluded.source`;

export const DELETE_SCHEDULE = `DELETE FROM tasks_schedule WHERE name = ?`;
export const ALL_SCHEDULES = `SELECT * FROM tasks_schedule ORDER BY name`;
export const GET_SCHEDULE = `SELECT * FROM tasks_schedule WHERE name = ?`;

/** Reads `tasks_schedule_due`. */
export const DUE_SCHEDULES = `
  SELECT * FROM tasks_schedule
   WHERE paused = 0 AND disabled = 0 AND next_run_at IS NOT NULL AND next_run_at <= ?
   ORDER BY next_run_at`;

export const NEXT_TICK = `
  SELECT next_run_at FROM tasks_schedule
   WHERE paused = 0 AND disabled = 0 AND next_run_at IS NOT NULL
   ORDER BY next_run_at
   LIMIT 1`;

/** Takes a tick. Names the time it was due: of several processes that see it, one changes the row. */
export const TAKE_TICK = `
  UPDATE tasks_schedule
     SET next_run_at = ?, last_run_at = coalesce(?, last_run_at), last_task_id = coalesce(?, last_task_id),
         last_task_ids = ?
   WHERE name = ? AND next_run_at = ? AND paused = 0`;

/** Ticks that fell into the pause are not missed ones: a resumed schedule goes on from now. */
export const PAUSE_SCHEDULE = `UPDATE tasks_schedule SET paused = ?, next_run_at = ? WHERE name = ?`;

export const NOTE_TRIGGER = `
  UPDATE tasks_schedule SET last_run_at = ?, last_task_id = ?, last_task_ids = ? WHERE name = ?`;

/** A task of this kind waits. */
export const WAITING_RUN = `
  SELECT 1 FROM tasks_task
   WHERE state <> 'running' AND queue = ? AND name = ? AND state IN ('scheduled', 'available', 'retryable')
   LIMIT 1`;
/** A task of this name runs. */
export const RUNNING_RUN = `SELECT 1 FROM tasks_task WHERE state = 'running' AND name = ? LIMIT 1`;

interface Row {
  name: string;
  expression: string;
  time_zone: string | null;
  utc_offset: number | null;
  queue: string;
  task: string;
  params: string;
  priority: number;
  max_attempts: number | null;
  settings: string | null;
  catch_up: CatchUp;
  threshold: number | null;
  overlap: number;
  disabled: number;
  source: 'code' | 'runtime';
  paused: number;
  next_run_at: number | null;
  last_run_at: number | null;
  last_task_id: string | null;
  last_task_ids: string;
}

function fromRow(row: Row): ScheduleStatus {
  return {
    name: row.name,
    expression: row.expression,
    timeZone: row.time_zone,
    utcOffset: row.utc_offset,
    queue: row.queue,
    task: row.task,
    params: row.params,
    priority: row.priority,
    maxAttempts: row.max_attempts,
    settings: row.settings,
    catchUp: row.catch_up,
    threshold: row.threshold,
    overlap: row.overlap === 1,
    disabled: row.disabled === 1,
    source: row.source,
    paused: row.paused === 1,
    nextRunAt: row.next_run_at,
    lastRunAt: row.last_run_at,
    lastTaskId: row.last_task_id,
    lastTaskIds: JSON.parse(row.last_task_ids) as string[],
  };
}

export function saveSchedule(transaction: Transaction, schedule: Schedule, nextRunAt: number | null): void {
  statement<(string | number | null)[]>(transaction.database, SAVE_SCHEDULE).run(
    schedule.name,
    schedule.expression,
    schedule.timeZone,
    schedule.utcOffset,
    schedule.queue,
    schedule.task,
    schedule.params,
    schedule.priority,
    schedule.maxAttempts,
    schedule.settings,
    schedule.catchUp,
    schedule.threshold,
    schedule.overlap ? 1 : 0,
    schedule.disabled ? 1 : 0,
    schedule.source,
    nextRunAt,
  );
  changed(transaction, schedule.queue);
}

export function deleteSchedule(transaction: Transaction, name: string): boolean {
  const found = getSchedule(transaction.database, name);
  if (!found) return false;
  statement<[string]>(transaction.database, DELETE_SCHEDULE).run(name);
  changed(transaction, found.queue);
  return true;
}

export function setSchedulePaused(
  transaction: Transaction,
  name: string,
  paused: boolean,
  nextRunAt: number | null,
): boolean {
  const found = getSchedule(transaction.database, name);
  if (!found) return false;
  statement<[number, number | null, string]>(transaction.database, PAUSE_SCHEDULE).run(paused ? 1 : 0, nextRunAt, name);
  changed(transaction, found.queue);
  return true;
}

/**
 * Returns false where another process took this tick.
 * @param runs what it enqueues, the earliest first
 */
export function takeTick(
  transaction: Transaction,
  schedule: ScheduleStatus,
  nextRunAt: number | null,
  runs: ReadonlyArray<{ readonly id: string; readonly runAt: number }>,
): boolean {
  const last = runs.at(-1);
  const { changes } = statement<(string | number | null)[]>(transaction.database, TAKE_TICK).run(
    nextRunAt,
    last?.runAt ?? null,
    last?.id ?? null,
    lastIds(
      schedule,
      runs.map(({ id }) => id),
    ),
    schedule.name,
    schedule.nextRunAt,
  );
  return changes === 1;
}

export function noteTrigger(transaction: Transaction, schedule: ScheduleStatus, at: number, taskId: string): void {
  const note = statement<[number, string, string, string]>(transaction.database, NOTE_TRIGGER);
  note.run(at, taskId, lastIds(schedule, [taskId]), schedule.name);
}

function lastIds({ lastTaskIds }: ScheduleStatus, fresh: readonly string[]): string {
  return JSON.stringify([...fresh.toReversed(), ...lastTaskIds].slice(0, MOST_LAST_RUNS));
}

export function allSchedules(database: Database): ScheduleStatus[] {
  return statement<[], Row>(database, ALL_SCHEDULES).all().map(fromRow);
}

export function getSchedule(database: Database, name: string): ScheduleStatus | null {
  const row = statement<[string], Row>(database, GET_SCHEDULE).get(name);
  return row ? fromRow(row) : null;
}

export function dueSchedules(database: Database, now: number): ScheduleStatus[] {
  return statement<[number], Row>(database, DUE_SCHEDULES).all(now).map(fromRow);
}

export function nextTick(database: Database): number | null {
  return statement<[], { next_run_at: number }>(database, NEXT_TICK).get()?.next_run_at ?? null;
}

/** Whether a run of the schedule, by a tick or by hand, has not ended. */
export function runIsOpen(database: Database, { task }: Pick<Schedule, 'task'>): boolean {
  const waiting = statement<[string, string]>(database, WAITING_RUN);
  return (
    // Also in a queue that the schedule had before.
    taskKinds(database, { name: task }).some(({ queue, name }) => waiting.get(queue, name) !== undefined) ||
    statement<[string]>(database, RUNNING_RUN).get(task) !== undefined
  );
}

function changed(transaction: Transaction, queue: string): void {
  transaction.schedules = true;
  transaction.touch(queue);
}
