import type { CatchUp, Schedule, ScheduleStatus } from '../../../contract/index.js';
import { type PlannedSchedule, type TickRecord, withLastRuns } from '../../common/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { taskKinds } from './task-kinds.js';
import { traitsIn } from './task-traits.js';

/** A changed expression or zone starts anew; an unchanged one keeps its next run, so that missed ticks are seen. */
export const SAVE_SCHEDULE = `
  INSERT INTO tasks_schedule
    (name, expression, time_zone, utc_offset, queue, task, params, priority, max_attempts, settings,
     catch_up, threshold, overlap, disabled, source, next_run_at, traits)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET
    next_run_at = CASE WHEN expression = excluded.expression AND time_zone IS excluded.time_zone
                        AND utc_offset IS excluded.utc_offset AND disabled = excluded.disabled
                       THEN next_run_at ELSE excluded.next_run_at END,
    ticked_until = CASE WHEN expression = excluded.expression AND time_zone IS excluded.time_zone
                         AND utc_offset IS excluded.utc_offset THEN ticked_until END,
    passed_over = CASE WHEN expression = excluded.expression AND time_zone IS excluded.time_zone
                        AND utc_offset IS excluded.utc_offset THEN passed_over END,
    expression = excluded.expression, time_zone = excluded.time_zone, utc_offset = excluded.utc_offset,
    queue = excluded.queue, task = excluded.task, params = excluded.params, priority = excluded.priority,
    max_attempts = excluded.max_attempts, settings = excluded.settings, catch_up = excluded.catch_up,
    threshold = excluded.threshold, overlap = excluded.overlap, disabled = excluded.disabled, source = excluded.source,
    traits = excluded.traits`;

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
         last_task_ids = ?, ticked_until = ?, passed_over = ?
   WHERE name = ? AND next_run_at = ? AND paused = 0`;

/** What may wait for a tick that a clock which was ahead has planned. Reads `tasks_schedule_passed_over`. */
export const PASSED_OVER_SCHEDULES = `
  SELECT * FROM tasks_schedule WHERE passed_over IS NOT NULL AND next_run_at > ?`;
/** The same for a process whose own clock was ahead: schedules that had no tick yet are among them. Asked for seldom. */
export const LATER_SCHEDULES = `SELECT * FROM tasks_schedule WHERE next_run_at > ?`;
/** Names the tick that was planned: another process may have planned anew meanwhile. */
export const PLAN_SCHEDULE = `UPDATE tasks_schedule SET next_run_at = ? WHERE name = ? AND next_run_at = ?`;

/** Ticks that fell into the pause are not missed ones: a resumed schedule goes on from now. */
export const PAUSE_SCHEDULE = `UPDATE tasks_schedule SET paused = ?, next_run_at = ? WHERE name = ?`;

export const NOTE_TRIGGER = `
  UPDATE tasks_schedule SET last_run_at = ?, last_task_id = ?, last_task_ids = ? WHERE name = ?`;

/** A task of this kind waits. */
export const WAITING_RUN = `
  SELECT 1 FROM tasks_task
   WHERE state <> 'running' AND queue = ? AND name = ? AND state IN ('scheduled', 'available', 'held', 'retryable')
   LIMIT 1`;
/** The run before was left to others, and has not ended; or, for a schedule of code, failed as nobody knew its task. */
export const UNHANDLED_RUN = `
  SELECT 1 FROM tasks_task AS run
   WHERE id = ? AND unhandled_since IS NOT NULL
     AND (finished_at IS NULL
          OR (? = 'code' AND state = 'failed'
              AND (SELECT error_name FROM tasks_attempt WHERE task = run.seq AND attempt = run.attempt) = 'UnknownTaskNameError'))`;
/** Code that declares the schedule is there: a run that nobody knew keeps no tick from coming. */
export const EXCUSE_RUN = `
  UPDATE tasks_task SET unhandled_since = NULL
   WHERE id = (SELECT last_task_id FROM tasks_schedule WHERE name = ?) AND state = 'failed'`;
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
  ticked_until: number | null;
  passed_over: string | null;
  traits: string | null;
}

export type ScheduleRow = ScheduleStatus & PlannedSchedule;

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
    ...traitsIn(row.traits),
    paused: row.paused === 1,
    nextRunAt: row.next_run_at,
    lastRunAt: row.last_run_at,
    lastTaskId: row.last_task_id,
    lastTaskIds: JSON.parse(row.last_task_ids) as string[],
  };
}

function withRecord(row: Row): ScheduleRow {
  const passedOver = row.passed_over === null ? [] : (JSON.parse(row.passed_over) as TickRecord['passedOver']);
  return { ...fromRow(row), record: { until: row.ticked_until, passedOver } };
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
    schedule.traits ? JSON.stringify(schedule.traits) : null,
  );
  if (schedule.source === 'code') statement<[string]>(transaction.database, EXCUSE_RUN).run(schedule.name);
  transaction.touch(schedule.queue);
}

export function deleteSchedule(transaction: Transaction, name: string): boolean {
  const found = getSchedule(transaction.database, name);
  if (!found) return false;
  statement<[string]>(transaction.database, DELETE_SCHEDULE).run(name);
  transaction.touch(found.queue);
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
  transaction.touch(found.queue);
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
  { until, passedOver }: TickRecord,
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
    until,
    passedOver.length > 0 ? JSON.stringify(passedOver) : null,
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
  return JSON.stringify(withLastRuns(lastTaskIds, fresh));
}

/** Returns false where another process has planned the schedule meanwhile. */
export function planSchedule(transaction: Transaction, { name, nextRunAt }: ScheduleStatus, tick: number): boolean {
  const plan = statement<[number, string, number | null]>(transaction.database, PLAN_SCHEDULE);
  return plan.run(tick, name, nextRunAt).changes === 1;
}

export function allSchedules(database: Database): ScheduleStatus[] {
  return statement<[], Row>(database, ALL_SCHEDULES).all().map(fromRow);
}

export function getSchedule(database: Database, name: string): ScheduleRow | null {
  const row = statement<[string], Row>(database, GET_SCHEDULE).get(name);
  return row ? withRecord(row) : null;
}

export function dueSchedules(database: Database, now: number): ScheduleRow[] {
  return statement<[number], Row>(database, DUE_SCHEDULES).all(now).map(withRecord);
}

/** Those that are planned for later than `now`: all, or those with ticks that were passed over. */
export function laterSchedules(database: Database, now: number, all: boolean): ScheduleRow[] {
  const found = statement<[number], Row>(database, all ? LATER_SCHEDULES : PASSED_OVER_SCHEDULES).all(now);
  return found.map(withRecord);
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

/** Whether the run before waits, or has waited in vain, for a process that knows its task. */
export function runIsUnhandled(
  database: Database,
  { lastTaskId, source }: Pick<ScheduleStatus, 'lastTaskId' | 'source'>,
): boolean {
  if (lastTaskId === null) return false;
  return statement<[string, string]>(database, UNHANDLED_RUN).get(lastTaskId, source) !== undefined;
}
