import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';

export const PUT_NAME = `
  INSERT INTO tasks_name (name, sensitive) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET sensitive = excluded.sensitive WHERE sensitive <> excluded.sensitive`;

export const DELETE_NAME = `DELETE FROM tasks_name WHERE name = ?`;

/** Notes which params of a task are never shown; an empty list takes the note back. */
export function saveSensitivePaths(transaction: Transaction, name: string, paths: readonly string[]): void {
  if (paths.length === 0) statement<[string]>(transaction.database, DELETE_NAME).run(name);
  else statement<[string, string]>(transaction.database, PUT_NAME).run(name, JSON.stringify(paths));
}

/** A list of paths that no longer parses must not stop its queue: the task then shows none of its params. */
export function parsePaths(text: string): string[] {
  try {
    const paths: unknown = JSON.parse(text);
    if (Array.isArray(paths) && paths.every((path) => typeof path === 'string')) return paths;
  } catch {
    // Falls through to the path that stands for everything.
  }
  return [''];
}
