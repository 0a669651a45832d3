import { statSync } from 'node:fs';
import type { DataSource, EntityManager } from 'typeorm';
import { ForeignManagerError, StoreError } from '../../../contract/index.js';
import { dataSourceOf } from '../../common/index.js';
import type { Database } from './database.js';
import { IN_MEMORY } from './database-path.js';

/** The better-sqlite3 connection of a DataSource that is initialised. */
export function databaseOf(dataSource: DataSource): Database {
  return (dataSource.driver as unknown as { databaseConnection: Database }).databaseConnection;
}

/**
 * The file of the app's own DataSource: the one that its connection has open, whatever its options and the working
 * directory say by now.
 * @throws StoreError where the engine cannot open a connection of its own to it
 */
export function fileOf(dataSource: DataSource): string {
  const { type, database } = dataSource.options;
  const file = type === 'better-sqlite3' ? openFileOf(dataSource) : null;
  if (file !== null) return file;
  throw new StoreError(
    `Tasks cannot be kept in ${describe(type, database)}: it takes a DataSource of type "better-sqlite3" on a file. ` +
      `Give the tasks a file of their own with "database" instead of "dataSource".`,
  );
}

/**
 * Whether `manager` writes to the very file at `path`, so that what it inserts is in our tables.
 * @throws ForeignManagerError where it does not
 */
export function assertSameFile(path: string, manager: EntityManager): void {
  const source = dataSourceOf(manager);
  const { type, database } = source.options;
  const theirs = type === 'better-sqlite3' ? openFileOf(source) : null;
  if (theirs !== null && path !== IN_MEMORY && sameFile(theirs, path)) return;
  throw new ForeignManagerError(
    `The given manager belongs to ${describe(type, database)}, but the tasks live in ${path}, ` +
      `so the two cannot commit together. Keep the tasks in the app's database with ` +
      `TasksModule.forRoot({ dataSource: 'default' }) (a better-sqlite3 file), or let them wait in a table of that database ` +
      `with TasksModule.forRoot({ outbox: { dataSource: 'default' } }), or enqueue without "manager" after the ` +
      `transaction has committed.`,
  );
}

/** Asked once: a connection stays with its file. */
const openFiles = new WeakMap<Database, string>();

/** The file that the connection of a DataSource has open; null where it is closed, in memory or in a temporary file. */
function openFileOf(dataSource: DataSource): string | null {
  const database = databaseOf(dataSource) as Database | undefined;
  if (!database?.open) return null;
  let file = openFiles.get(database);
  if (file === undefined) {
    const list = database.pragma('database_list') as { name: string; file: string }[];
    openFiles.set(database, (file = list.find(({ name }) => name === 'main')?.file ?? ''));
  }
  return file === '' ? null : file;
}

function describe(type: string, database: unknown): string {
  return typeof database === 'string'
    ? `a ${type} DataSource on ${database || 'a temporary file'}`
    : `a ${type} DataSource`;
}

function sameFile(left: string, right: string): boolean {
  if (left === right) return true;
  const [one, other] = [left, right].map((path) => statSync(path, { throwIfNoEntry: false }));
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev;
}
