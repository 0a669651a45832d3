import { ERROR_POINTS, MAX_GROUPS_LISTED } from '../../common/index.js';
import type { ErrorGroup, ErrorReport } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { HOUR_MS } from './add-to-error-groups.js';

/** Counts in an index that holds failed tasks alone, in the order that it has. */
export const FAILED_BY_GROUP = `
  SELECT error_group AS key, queue, count(*) AS count, max(seq) AS newest
    FROM tasks_task
   WHERE error_group IS NOT NULL
   GROUP BY error_group, queue`;

export const ERROR_GROUP = `SELECT * FROM tasks_error_group WHERE key = ?`;

export const HOURS_OF_GROUP = `SELECT hour, queue, failed FROM tasks_error_hour WHERE key = ? AND hour > ?`;

export const NEWEST_OF_GROUP = `SELECT id FROM tasks_task WHERE seq = ?`;

/** By the counters: a failed task without a group was written by a version that knew of none. */
export const FAILED_TASKS = `SELECT coalesce(sum(count), 0) FROM tasks_count WHERE state = 'failed'`;

/** The queues of a group, one index entry each. */
export const NEXT_QUEUE_OF_GROUP = `
  SELECT queue FROM tasks_task WHERE error_group = ? AND queue > ? ORDER BY queue LIMIT 1`;

interface CountRow {
  readonly key: string;
  readonly queue: string;
  readonly count: number;
  readonly newest: number;
}

interface GroupRow {
  readonly key: string;
  readonly name: string;
  readonly error_name: string;
  readonly message: string;
  readonly first_at: number;
  readonly last_at: number;
}

/** Every failed task, in groups by what it failed with. */
export function readErrorGroups(
  database: Database,
  asked: { readonly queue?: string; readonly name?: string },
  now: number,
): ErrorReport {
  const counted = statement<[], CountRow>(database, FAILED_BY_GROUP).all();
  const known = statement<[], number>(database, FAILED_TASKS).pluck().get()!;
  const complete = counted.reduce((sum, { count }) => sum + count, 0) === known;
  const byGroup = new Map<string, CountRow[]>();
  for (const row of counted) {
    if (asked.queue !== undefined && row.queue !== asked.queue) continue;
    const rows = byGroup.get(row.key);
    if (rows) rows.push(row);
    else byGroup.set(row.key, [row]);
  }
  const groups = [...byGroup.values()]
    .map((rows) => groupOf(database, rows, asked.queue, now))
    .filter((group) => group !== null && (asked.name === undefined || group.name === asked.name)) as ErrorGroup[];
  const looked = groups.reduce((sum, { count }) => sum + count, 0);
  const items = groups.toSorted((one, other) => other.count - one.count || other.lastAt - one.lastAt);
  return { items: items.slice(0, MAX_GROUPS_LISTED), looked, complete };
}

/** Null where the group is not known, which nothing leaves behind. */
function groupOf(
  database: Database,
  rows: readonly CountRow[],
  queue: string | undefined,
  now: number,
): ErrorGroup | null {
  const { key } = rows[0]!;
  const group = statement<[string], GroupRow>(database, ERROR_GROUP).get(key);
  if (!group) return null;
  const newest = rows.reduce((most, row) => Math.max(most, row.newest), 0);
  const sample = statement<[number], { id: string }>(database, NEWEST_OF_GROUP).get(newest)!;
  return {
    key,
    name: group.name,
    error: { name: group.error_name, message: group.message },
    queues: rows.map((row) => row.queue).toSorted(),
    count: rows.reduce((sum, row) => sum + row.count, 0),
    firstAt: group.first_at,
    lastAt: group.last_at,
    sampleId: sample.id,
    points: pointsOf(database, key, queue, now),
  };
}

function pointsOf(database: Database, key: string, queue: string | undefined, now: number): number[] {
  const before = Math.floor(now / HOUR_MS) - ERROR_POINTS;
  const points = Array.from({ length: ERROR_POINTS }, () => 0);
  const hours = statement<[string, number], { hour: number; queue: string; failed: number }>(database, HOURS_OF_GROUP);
  for (const row of hours.all(key, before)) {
    const at = row.hour - before - 1;
    if (at < ERROR_POINTS && (queue === undefined || row.queue === queue)) points[at]! += row.failed;
  }
  return points;
}

/** Where there are failed tasks of the group. */
export function queuesOfGroup(database: Database, key: string): string[] {
  const next = statement<[string, string], { queue: string }>(database, NEXT_QUEUE_OF_GROUP);
  const queues: string[] = [];
  for (let found = next.get(key, ''); found; found = next.get(key, found.queue)) queues.push(found.queue);
  return queues;
}

/** Name of the tasks of a group; null where it is not known. */
export function nameOfGroup(database: Database, key: string): string | null {
  return statement<[string], GroupRow>(database, ERROR_GROUP).get(key)?.name ?? null;
}
