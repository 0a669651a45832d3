import { listOf, SchemaVersionError } from '../../../contract/index.js';
import type { Database } from './database.js';
import { MIGRATION_NAMES } from './migrations/index.js';

/** Where migrations that ran are recorded: a table of our own, so that the app's migrations are none of our business. */
export const MIGRATIONS_TABLE = 'tasks_migration';

/** The migrations that ran, in their order; null for a file that has no tables yet. */
function migrationsOf(database: Database): readonly string[] | null {
  const exists = database.prepare(`SELECT 1 FROM sqlite_master WHERE name = ?`).get(MIGRATIONS_TABLE);
  return exists ? database.prepare<[], string>(`SELECT name FROM ${MIGRATIONS_TABLE} ORDER BY id`).pluck().all() : null;
}

/** Those that have not run yet: all of them, in a file that has no tables. */
export function pendingMigrations(database: Database): readonly string[] {
  const ran = migrationsOf(database) ?? [];
  return MIGRATION_NAMES.filter((name) => !ran.includes(name));
}

/** @throws SchemaVersionError where a version of this package that is newer than this one has migrated the file */
export function assertKnownSchema(database: Database, path: string): void {
  const names = migrationsOf(database);
  if (names === null) return;
  const known = new Set(MIGRATION_NAMES);
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new SchemaVersionError(
    `The task store ${path} was written by a newer version of nestjs-tasks: it has ${listOf(unknown)}, ` +
      `this version knows up to "${MIGRATION_NAMES.at(-1)}". Update nestjs-tasks, or use another file.`,
  );
}
