import { MAX_UNHANDLED_COUNTED, type UnhandledKind } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';

/** Changes nothing, and so writes nothing, where the kind is noted already. */
export const NOTE_UNHANDLED = `INSERT INTO tasks_unhandled (queue, name) VALUES (?, ?) ON CONFLICT DO NOTHING`;

export const UNHANDLED_NOTES = `SELECT queue, name FROM tasks_unhandled ORDER BY queue, name`;

/** Looks at the first tasks of a kind that wait, by `tasks_task_by_kind`. */
export const WAITING_UNHANDLED = `
  SELECT min(since) AS since, count(since) AS tasks
    FROM (SELECT unhandled_since AS since FROM tasks_task
           WHERE state <> 'running' AND queue = ? AND name = ? AND state IN ('scheduled', 'available')
           LIMIT ${MAX_UNHANDLED_COUNTED})`;

/** Notes a kind of which a task was left to others. */
export function noteUnhandled(transaction: Transaction, queue: string, name: string): void {
  statement<[string, string]>(transaction.database, NOTE_UNHANDLED).run(queue, name);
}

/** The noted kinds of which tasks still wait. */
export function unhandledKinds(database: Database): UnhandledKind[] {
  const notes = statement<[], Pick<UnhandledKind, 'queue' | 'name'>>(database, UNHANDLED_NOTES).all();
  const waiting = statement<[string, string], { since: number | null; tasks: number }>(database, WAITING_UNHANDLED);
  return notes.flatMap(({ queue, name }) => {
    const { since, tasks } = waiting.get(queue, name)!;
    return since === null ? [] : [{ queue, name, since, tasks }];
  });
}
