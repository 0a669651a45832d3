import type { DataSource } from 'typeorm';
import { listOf, TasksConfigError } from '../contract/index.js';

const TYPES: readonly string[] = ['better-sqlite3', 'postgres', 'mysql', 'mariadb'];

/**
 * Whether a database can have an outbox.
 *
 * @param label what errors call it: `the DataSource "main"`
 * @throws TasksConfigError
 */
export function requireOutboxDatabase({ options: { type, database } }: DataSource, label: string): void {
  if (!TYPES.includes(type)) {
    throw new TasksConfigError(`"outbox": ${label} is of type "${type}"; an outbox can be in one of ${listOf(TYPES)}.`);
  }
  if (type === 'better-sqlite3' && (typeof database !== 'string' || database === '' || database === ':memory:')) {
    throw new TasksConfigError(
      `"outbox": the database of ${label} must be a file, as what has committed is read on a connection of its own.`,
    );
  }
}
