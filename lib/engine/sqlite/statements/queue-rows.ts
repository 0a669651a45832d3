import type { Database } from '../connection.js';
import { statement } from '../statement.js';
import type { Transaction } from '../transaction.js';

export const ALL_QUEUES = `SELECT name, paused_at, rate_started_at, rate_count FROM tasks_queue`;

export const SET_PAUSED = `
  INSERT INTO tasks_queue (name, paused_at) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET paused_at = excluded.paused_at`;

export const SET_RATE = `
  INSERT INTO tasks_queue (name, rate_started_at, rate_count) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET rate_started_at = excluded.rate_started_at, rate_count = excluded.rate_count`;

export interface QueueRow {
  readonly name: string;
  readonly paused_at: number | null;
  readonly rate_started_at: number;
  readonly rate_count: number;
}

/** What the processes share about their queues. A queue that was never paused nor limited has no row. */
export function queueRows(database: Database): Map<string, QueueRow> {
  const rows = statement<[], QueueRow>(database, ALL_QUEUES).all();
  return new Map(rows.map((row) => [row.name, row]));
}

export function setPaused(transaction: Transaction, queue: string, pausedAt: number | null): void {
  statement<[string, number | null]>(transaction.database, SET_PAUSED).run(queue, pausedAt);
  if (pausedAt === null) transaction.available.add(queue);
  transaction.touch(queue);
}

/** Notes that `count` tasks were started in the window that began at `startedAt`. */
export function setRate(transaction: Transaction, queue: string, startedAt: number, count: number): void {
  statement<[string, number, number]>(transaction.database, SET_RATE).run(queue, startedAt, count);
}
