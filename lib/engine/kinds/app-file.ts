import type { DataSource } from 'typeorm';
import { TasksConfigError } from '../../contract/index.js';

/**
 * Whether the app's database can hold tasks of the embedded engine.
 *
 * @param label what errors call it: `the DataSource "main"`
 * @throws TasksConfigError
 */
export function requireAppFile({ options: { type, database } }: DataSource, label: string): void {
  if (type !== 'better-sqlite3') {
    throw new TasksConfigError(
      `"dataSource": ${label} is of type "${type}"; tasks live in one of type "better-sqlite3". ` +
        'Leave "dataSource" out and give "database", a file of its own for the tasks.',
    );
  }
  if (typeof database !== 'string' || database === '' || database === ':memory:') {
    throw new TasksConfigError(
      `"dataSource": the database of ${label} must be a file, as tasks are read and written on a connection of their own.`,
    );
  }
}
