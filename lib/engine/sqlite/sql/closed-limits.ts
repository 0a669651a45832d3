import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { limitNamed } from './start-log.js';

/** The later of two times to wait until holds. */
export const CLOSE_QUEUE = `
  INSERT INTO tasks_queue (name, closed_at, closed_until) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE
    SET closed_at = excluded.closed_at, closed_until = max(coalesce(closed_until, 0), excluded.closed_until)`;

export const CLOSE_LIMIT = `
  INSERT INTO tasks_limit (name, closed_at, closed_until) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE
    SET closed_at = excluded.closed_at, closed_until = max(coalesce(closed_until, 0), excluded.closed_until)`;

export const CLOSED_LIMIT = `SELECT closed_at, closed_until FROM tasks_limit WHERE name = ?`;

/** When something was closed, and until when. */
export interface Closing {
  readonly closed_at: number | null;
  readonly closed_until: number | null;
}

/** Until when nothing starts; null where nothing is in the way. A clock that was set back to before the closing opens it. */
export function closedUntil({ closed_at, closed_until }: Closing, now: number): number | null {
  return closed_at !== null && closed_until !== null && closed_at <= now && now < closed_until ? closed_until : null;
}

/** @param limit null: the queue itself */
export function closeLimit(
  transaction: Transaction,
  queue: string,
  limit: string | null,
  now: number,
  until: number,
): void {
  const [sql, name] = limit === null ? [CLOSE_QUEUE, queue] : [CLOSE_LIMIT, limitNamed(limit)];
  statement<[string, number, number]>(transaction.database, sql).run(name, now, until);
  // What was claimed ahead is handed back, as by a pause; the next claim looks until when.
  if (limit === null) transaction.paused.add(queue);
  transaction.touch(queue);
}

/** Until when nothing that a limit counts starts; null where nothing is in the way. */
export function limitClosedUntil(database: Database, name: string, now: number): number | null {
  const row = statement<[string], Closing>(database, CLOSED_LIMIT).get(name);
  return row ? closedUntil(row, now) : null;
}
