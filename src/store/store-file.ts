import { existsSync, statSync } from 'node:fs';
import { loadDriver } from '../../lib/engine/sqlite/store/driver.js';
import { CliError } from '../cli/usage-error.js';

/** The facts that a look into a store's file shows, without changing it. */
export interface StoreContent {
  /** Migrations that have run, oldest first; none where the file is no store. */
  readonly migrations: readonly string[];
  /** Queues that had tasks or were paused. */
  readonly queues: readonly string[];
}

/**
 * Looks into the file of a store.
 * @returns null where there is no file
 * @throws TasksConfigError where better-sqlite3 cannot be loaded
 * @throws CliError for what is no file, no SQLite database, or cannot be read
 */
export async function inspectStore(file: string): Promise<StoreContent | null> {
  if (!existsSync(file)) return null;
  if (!statSync(file).isFile()) throw new CliError(`${file} is not a file.`);
  const Database = await loadDriver();
  try {
    const database = new Database(file, { readonly: true, fileMustExist: true });
    try {
      const names = (sql: string): string[] => database.prepare(sql).pluck().all() as string[];
      const tables = names(`SELECT name FROM sqlite_master WHERE type = 'table'`);
      if (!tables.includes('tasks_migration')) return { migrations: [], queues: [] };
      return {
        migrations: names('SELECT name FROM tasks_migration ORDER BY id'),
        queues: names('SELECT queue FROM tasks_count UNION SELECT name FROM tasks_queue ORDER BY 1'),
      };
    } finally {
      database.close();
    }
  } catch (error) {
    throw new CliError(`Cannot read ${file} as a SQLite database: ${(error as Error).message}.`);
  }
}
