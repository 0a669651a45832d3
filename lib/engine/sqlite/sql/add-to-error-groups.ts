import { messagePattern } from '../../common/index.js';
import type { TaskError } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';

export const HOUR_MS = 3_600_000;
/** History of a group is kept for as long as metrics are. */
const HOURS_KEPT = 31 * 24;
/** Forgotten for each group that is new, so that there is no end of them only where there is none of new errors. */
const FORGOTTEN_AT_ONCE = 10;

/** Errors of a group that one transaction adds. */
export interface ErrorGroupDelta {
  readonly key: string;
  readonly name: string;
  readonly error: Pick<TaskError, 'name' | 'message'>;
  firstAt: number;
  lastAt: number;
  /** By hour and queue. */
  readonly hours: Map<string, { readonly hour: number; readonly queue: string; failed: number }>;
}

export const ADD_TO_GROUP = `
  INSERT INTO tasks_error_group (key, name, error_name, message, first_at, last_at) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)`;

export const ADD_TO_HOUR = `
  INSERT INTO tasks_error_hour (key, hour, queue, failed) VALUES (?, ?, ?, ?)
  ON CONFLICT (key, hour, queue) DO UPDATE SET failed = failed + excluded.failed`;

export const FORGET_HOURS = `DELETE FROM tasks_error_hour WHERE key = ? AND hour < ?`;

export const GROUP_IS_KNOWN = `SELECT 1 FROM tasks_error_group WHERE key = ?`;

/** Groups that have not failed for long, and of which no task is kept. */
export const FORGOTTEN_GROUPS = `
  SELECT key FROM tasks_error_group
   WHERE last_at < ? AND NOT EXISTS (SELECT 1 FROM tasks_task WHERE error_group = tasks_error_group.key)
   ORDER BY last_at
   LIMIT ${FORGOTTEN_AT_ONCE}`;

export const FORGET_GROUP = `DELETE FROM tasks_error_group WHERE key = ?`;

/** Adds to the history of groups; once for each group that a transaction has errors of. */
export function addToErrorGroups(database: Database, deltas: Iterable<ErrorGroupDelta>): void {
  for (const { key, name, error, firstAt, lastAt, hours } of deltas) {
    if (!statement<[string]>(database, GROUP_IS_KNOWN).get(key)) forgetGroups(database, lastAt);
    statement<[string, string, string, string, number, number]>(database, ADD_TO_GROUP).run(
      key,
      name,
      error.name,
      messagePattern(error.message),
      firstAt,
      lastAt,
    );
    const add = statement<[string, number, string, number]>(database, ADD_TO_HOUR);
    for (const { hour, queue, failed } of hours.values()) add.run(key, hour, queue, failed);
    statement<[string, number]>(database, FORGET_HOURS).run(key, Math.floor(lastAt / HOUR_MS) - HOURS_KEPT);
  }
}

function forgetGroups(database: Database, now: number): void {
  const before = now - HOURS_KEPT * HOUR_MS;
  for (const { key } of statement<[number], { key: string }>(database, FORGOTTEN_GROUPS).all(before)) {
    statement<[string]>(database, FORGET_GROUP).run(key);
    statement<[string, number]>(database, FORGET_HOURS).run(key, Number.MAX_SAFE_INTEGER);
  }
}
