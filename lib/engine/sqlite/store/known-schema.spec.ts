import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SchemaVersionError } from '../../../contract/index.js';
import { assertKnownSchema, pendingMigrations } from './known-schema.js';
import { MIGRATION_NAMES } from './migrations/index.js';

let database: Database.Database;
beforeEach(() => (database = new Database(':memory:')));
afterEach(() => database.close());

function ran(...names: readonly string[]): void {
  database.exec('CREATE TABLE tasks_migration (id INTEGER PRIMARY KEY, name TEXT)');
  const insert = database.prepare('INSERT INTO tasks_migration (name) VALUES (?)');
  for (const name of names) insert.run(name);
}

it('a file without tables has all migrations before it, and is nobody else’s', () => {
  expect(pendingMigrations(database)).toEqual(MIGRATION_NAMES);
  expect(() => assertKnownSchema(database, 'tasks.db')).not.toThrow();
});

it('those that ran are known, whatever their order', () => {
  const [first, second, ...others] = MIGRATION_NAMES;
  ran(second!, first!);
  expect(pendingMigrations(database)).toEqual(others);
  expect(() => assertKnownSchema(database, 'tasks.db')).not.toThrow();
});

it('a file that has what this version does not know is a newer one’s', () => {
  ran(...MIGRATION_NAMES, 'FutureB', 'FutureA');
  expect(pendingMigrations(database)).toEqual([]);
  const look = (): void => assertKnownSchema(database, 'tasks.db');
  expect(look).toThrow(SchemaVersionError);
  expect(look).toThrow(`it has "FutureB" and "FutureA", this version knows up to "${MIGRATION_NAMES.at(-1)}"`);
});
