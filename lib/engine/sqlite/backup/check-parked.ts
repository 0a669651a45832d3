import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';

/*
 * What keeps tasks from starting, and lets them go again. Nobody looks at a parked task but by what it is parked for: where
 * that is gone, it would wait for ever.
 */

/** JSON of what a pause may be about. */
const IS_SELECTOR = `
  CASE WHEN NOT json_valid(selector) OR json_type(selector) <> 'object' THEN 0
       ELSE coalesce(json_type(selector, '$.name') = 'text' OR json_type(selector, '$.tag') = 'object'
                     OR (json_type(selector, '$.queue') = 'text' AND json_type(selector, '$.key') = 'text'), 0) END`;

/** A key is looked at by its note as one that waits. Which limits queues share, the options of processes say: they look. */
const FORGOTTEN = `
  state = 'available' AND parked IS NOT NULL AND NOT (
    substr(parked, 1, 6) = 'limit:'
    OR (substr(parked, 1, 6) = 'pause:' AND EXISTS (SELECT 1 FROM tasks_pause WHERE selector = substr(parked, 7)))
    OR (substr(parked, 1, 4) = 'key:' AND parked = 'key:' || json_array(tasks_task.queue, tasks_task.key)
        AND EXISTS (SELECT 1 FROM tasks_key_limit AS note
                     WHERE note.name = parked AND note.queue = tasks_task.queue AND waits = 1)))`;

/** A place that is lent goes with the attempt that has it. */
const WITHOUT_ATTEMPT = `
  task > 0 AND NOT EXISTS (
    SELECT 1 FROM tasks_task
     WHERE seq = task AND state = 'running' AND tasks_task.attempt = tasks_start.attempt AND tasks_task.worker = tasks_start.worker)`;

export interface ParkedFaults {
  /** By queue: tasks that wait for what is gone. */
  readonly forgotten: ReadonlyArray<{ readonly queue: string; readonly tasks: number }>;
  /** Places of limits that are lent to attempts that there are not. */
  readonly places: number;
  /** Pauses of nothing that could be paused. */
  readonly pauses: number;
}

/** Reads every task that is parked: for a check, never for an app at work. */
export function parkedFaults(database: Database): ParkedFaults {
  const count = (table: string, where: string): number =>
    database.prepare<[], number>(`SELECT count(*) FROM ${table} WHERE ${where}`).pluck().get()!;
  const forgotten = database.prepare<[], { queue: string; tasks: number }>(
    `SELECT queue, count(*) AS tasks FROM tasks_task WHERE ${FORGOTTEN} GROUP BY queue ORDER BY queue`,
  );
  return {
    forgotten: forgotten.all(),
    places: count('tasks_start', WITHOUT_ATTEMPT),
    pauses: count('tasks_pause', `NOT (${IS_SELECTOR})`),
  };
}

/** Puts right what {@link parkedFaults} finds. */
export function letParkedGoOn(transaction: Transaction): void {
  const { database } = transaction;
  statement(database, `DELETE FROM tasks_pause WHERE NOT (${IS_SELECTOR})`).run();
  for (const { queue } of parkedFaults(database).forgotten) transaction.available.add(queue);
  statement(database, `UPDATE tasks_task SET parked = NULL WHERE ${FORGOTTEN}`).run();
  statement(database, `DELETE FROM tasks_start WHERE ${WITHOUT_ATTEMPT}`).run();
}
