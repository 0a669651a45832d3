import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';

/** What a process that goes on needs: how far the tables are, who works here, what is secret, and the schedules of its code. */
const KEPT = ['tasks_migration', 'tasks_worker', 'tasks_name', 'tasks_secret', 'tasks_schedule'];

/** By the catalogue, so that a table that comes later is not forgotten. Those that point to a task come before it. */
const TABLES = `
  SELECT name FROM sqlite_master
   WHERE type = 'table' AND name GLOB 'tasks_*' AND name NOT IN (${KEPT.map((table) => `'${table}'`).join(', ')})
   ORDER BY name = 'tasks_task'`;

/** What is emptied in each database: no table comes while it is open. */
const tablesOf = new WeakMap<Database, readonly string[]>();

const DELETE_SCHEDULES = `DELETE FROM tasks_schedule WHERE source <> 'code'`;

/** Deletes all tasks, with what is on record of them, the pauses, and the schedules that no code declares. */
export function clearTasks({ database }: Transaction): void {
  let tables = tablesOf.get(database);
  if (!tables) tablesOf.set(database, (tables = statement<[], string>(database, TABLES).pluck().all()));
  for (const table of tables) statement(database, `DELETE FROM ${table}`).run();
  statement(database, DELETE_SCHEDULES).run();
}
