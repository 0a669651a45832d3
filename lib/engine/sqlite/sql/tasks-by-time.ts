import type { TaskFilter, TaskOrder, TaskState } from '../../../contract/index.js';
import { isAnyOf } from '../../common/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { ID_SLACK_MS, idAt, LAST_ID_MS, tellsTime } from '../../common/index.js';
import type { Candidate, ListPosition, TimePosition } from './list-position.js';

/** A stretch of `tasks_task_id`. */
export const TASKS_BY_TIME: Readonly<Record<TaskOrder, string>> = {
  newest: `
  SELECT seq, id, queue, name, state, created_at AS at FROM tasks_task
   WHERE id < ? AND id >= ? ORDER BY id DESC LIMIT ?`,
  oldest: `
  SELECT seq, id, queue, name, state, created_at AS at FROM tasks_task
   WHERE id > ? AND id < ? ORDER BY id LIMIT ?`,
};

/** Of tasks whose ids do not tell their time, a stretch of `tasks_own_id`. */
export const TASKS_OF_OWN_ID: Readonly<Record<TaskOrder, string>> = {
  newest: `
  SELECT seq, id, queue, name, state, own.created_at AS at
    FROM tasks_own_id AS own CROSS JOIN tasks_task ON seq = own.task
   WHERE (own.created_at, own.task) < (?, ?) AND own.created_at >= ?
   ORDER BY own.created_at DESC, own.task DESC LIMIT ?`,
  oldest: `
  SELECT seq, id, queue, name, state, own.created_at AS at
    FROM tasks_own_id AS own CROSS JOIN tasks_task ON seq = own.task
   WHERE (own.created_at, own.task) > (?, ?) AND own.created_at < ?
   ORDER BY own.created_at, own.task LIMIT ?`,
};

interface Row {
  readonly seq: number;
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly state: TaskState;
  readonly at: number;
}

/**
 * The next `limit` tasks that were enqueued around the time of `filter`: those whose ids tell it, and in between those of
 * other ids. A window costs what is in it, however many tasks are stored.
 */
export function tasksByTime(
  database: Database,
  filter: TaskFilter,
  states: readonly TaskState[],
  place: ListPosition,
  limit: number,
  order: TaskOrder,
): Candidate[] {
  const { from = 0, to = LAST_ID_MS, queue, name } = filter;
  const start: TimePosition = place === null || 'seq' in place ? { id: null, own: null } : place;
  const byId = readById(database, start.id, from, to, limit, order);
  const byOwn = readByOwn(database, start.own, from, to, limit, order);
  const isWanted = (row: Row): boolean =>
    row.at >= from && row.at < to && states.includes(row.state) && isAnyOf(queue, row.queue) && isAnyOf(name, row.name);

  const found: Candidate[] = [];
  let { id, own } = start;
  for (let one = 0, other = 0; found.length < limit && (one < byId.length || other < byOwn.length);) {
    const [left, right] = [byId[one], byOwn[other]];
    // One whose id tells another time stands in the other index, and here in the way of others.
    const isOwn = left !== undefined && !tellsTime(left.id, left.at);
    if (left && (isOwn || !right || isBefore(left, right, order))) {
      id = left.id;
      one += 1;
      found.push({ seq: left.seq, fits: !isOwn && isWanted(left), place: { id, own } });
    } else {
      own = [right!.at, right!.seq];
      other += 1;
      found.push({ seq: right!.seq, fits: isWanted(right!), place: { id, own } });
    }
  }
  return found;
}

function isBefore(one: Row, other: Row, order: TaskOrder): boolean {
  return order === 'newest' ? one.at >= other.at : one.at <= other.at;
}

function readById(
  database: Database,
  after: string | null,
  from: number,
  to: number,
  limit: number,
  order: TaskOrder,
): Row[] {
  const [low, high] = [idAt(from - ID_SLACK_MS), idAt(to + ID_SLACK_MS)];
  const bounds = order === 'newest' ? [after ?? high, low] : [after ?? low, high];
  return statement<[string, string, number], Row>(database, TASKS_BY_TIME[order]).all(bounds[0]!, bounds[1]!, limit);
}

function readByOwn(
  database: Database,
  after: TimePosition['own'],
  from: number,
  to: number,
  limit: number,
  order: TaskOrder,
): Row[] {
  const begin: readonly [number, number] = order === 'newest' ? [to, -1] : [from, -1];
  const [at, seq] = after ?? begin;
  const rows = statement<[number, number, number, number], Row>(database, TASKS_OF_OWN_ID[order]);
  return rows.all(at, seq, order === 'newest' ? from : to, limit);
}
