import { statement } from '../statement.js';
import type { Transaction } from '../transaction.js';

export const PUT_NAME = `
  INSERT INTO tasks_name (name, sensitive) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET sensitive = excluded.sensitive WHERE sensitive <> excluded.sensitive`;

export const DELETE_NAME = `DELETE FROM tasks_name WHERE name = ?`;

/** Notes which params of a task are never shown; an empty list takes the note back. */
export function saveSensitivePaths(transaction: Transaction, name: string, paths: readonly string[]): void {
  if (paths.length === 0) statement<[string]>(transaction.database, DELETE_NAME).run(name);
  else statement<[string, string]>(transaction.database, PUT_NAME).run(name, JSON.stringify(paths));
}
