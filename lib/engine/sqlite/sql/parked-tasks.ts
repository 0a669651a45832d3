import type { PauseSelector, TaskBlock } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';

/*
 * An available task that a limit or a pause keeps from starting is parked: it stays available, and is left out of the indexes
 * that claims read, so that no claim passes over it twice.
 *
 *     available ──a claim finds it blocked──> parked ──its limit has a place, or the pause is over──> available
 */

export const PARK = `UPDATE tasks_task SET parked = ? WHERE seq = ?`;

/** Reads `tasks_task_parked`, which has the parked tasks of one limit and queue in the order in which they are to run. */
export const UNPARK_NEXT = `
  UPDATE tasks_task SET parked = NULL
   WHERE seq IN (
     SELECT seq FROM tasks_task
      WHERE parked = ? AND queue = ? AND state = 'available'
      ORDER BY priority DESC, turn, seq
      LIMIT (? + 0))`;

/** Whatever its queue; returns them. */
export const UNPARK_ANY = `
  UPDATE tasks_task SET parked = NULL
   WHERE seq IN (SELECT seq FROM tasks_task WHERE parked = ? AND state = 'available' LIMIT (? + 0))
  RETURNING queue`;

/** What tasks are parked for, by one step of the index for each. */
export const NEXT_PARKED_FOR = `
  SELECT parked FROM tasks_task
   WHERE parked > ? AND state = 'available'
   ORDER BY parked
   LIMIT 1`;

export const COUNT_PARKED = `
  SELECT queue, count(*) AS count FROM tasks_task
   WHERE parked = ? AND state = 'available'
   GROUP BY queue`;

/** As a LIMIT: no limit. */
const ALL = -1;
/** What reasons begin with, before which limit or pause it is. */
const LIMIT = 'limit:';
const PAUSE = 'pause:';

const PAUSE_STANDS = `SELECT 1 FROM tasks_pause WHERE selector = ?`;

/** @param reason name of the limit or pause in the store */
export function park({ database }: Transaction, reason: string, seq: number): void {
  statement<[string, number]>(database, PARK).run(reason, seq);
}

/** Makes the next of a queue claimable that are parked for this reason; returns how many there were. */
export function unparkNext({ database }: Transaction, reason: string, queue: string, most: number): number {
  return statement<[string, string, number]>(database, UNPARK_NEXT).run(reason, queue, most).changes;
}

/** Makes at most so many claimable that are parked for this reason; returns how many there were. */
export function unparkAny(transaction: Transaction, reason: string, most: number): number {
  const rows = statement<[string, number], { queue: string }>(transaction.database, UNPARK_ANY).all(reason, most);
  for (const { queue } of rows) {
    transaction.available.add(queue);
    transaction.touch(queue);
  }
  return rows.length;
}

/** Every reason for which tasks are parked, but for the limits of keys, of which there may be many. */
export function* parkedFor(database: Database): Generator<string> {
  const next = statement<[string], string>(database, NEXT_PARKED_FOR).pluck();
  for (let reason = next.get(LIMIT); reason !== undefined; reason = next.get(reason)) yield reason;
}

/** How many are parked for a reason, by queue. */
export function countParked(database: Database, reason: string): { queue: string; count: number }[] {
  return statement<[string], { queue: string; count: number }>(database, COUNT_PARKED).all(reason);
}

/** Makes claimable what is parked in a queue for limits that no handler names any more, and for pauses that are over. */
export function unparkForgotten(transaction: Transaction, queue: string, limits: ReadonlySet<string>): void {
  for (const reason of forgotten(transaction.database, limits)) {
    if (unparkNext(transaction, reason, queue, ALL) > 0) transaction.available.add(queue);
  }
}

/** The limits and pauses for which tasks are parked, but that nobody knows any more. */
export function forgotten(database: Database, limits: ReadonlySet<string>): string[] {
  const stands = statement<[string], 1>(database, PAUSE_STANDS).pluck();
  return [...parkedFor(database)].filter((reason) =>
    reason.startsWith(LIMIT) ? !limits.has(reason) : stands.get(reason.slice(PAUSE.length)) === undefined,
  );
}

/** What keeps a parked task from starting. */
export function blockOf(reason: string): TaskBlock {
  const [kind, about] = [reason.slice(0, reason.indexOf(':') + 1), reason.slice(reason.indexOf(':') + 1)];
  if (kind === LIMIT) return { by: 'limit', limit: about };
  if (kind === PAUSE) return { by: 'pause', selector: JSON.parse(about) as PauseSelector };
  const [, key] = JSON.parse(about) as [queue: string, key: string];
  return { by: 'key', key };
}
