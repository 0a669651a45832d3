import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { DataSource, type EntityManager, type Logger } from 'typeorm';
import { ForeignManagerError, SchemaVersionError, StoreError, listOf } from '../../errors/index.js';
import { ENTITIES } from './entities/index.js';
import { MIGRATIONS } from './migrations/index.js';
import { patiently } from './patience.js';
import { isStoreFault, storeError } from './sqlite-errors.js';
import { statement } from './statement.js';
import { StoreFile } from './store-file.js';

export type Database = BetterSqlite3.Database;

/** Where migrations that ran are recorded: a table of our own, so that the app's migrations are none of our business. */
const MIGRATIONS_TABLE = 'tasks_migration';

export const IN_MEMORY = ':memory:';

/** TypeORM reports some failures to the console even where logging is off. Whoever opens the store is given the error. */
const SILENT: Logger = {
  logQuery: () => undefined,
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
  log: () => undefined,
};

/**
 * The engine's own connection to the file, also where the app has one: TypeORM's SQLite driver shares one connection
 * among all callers (typeorm#1884), so on the app's our statements would fall inside whatever transaction it has open.
 *
 * SQLite waits for a lock by blocking the thread. The wait is switched off here (`timeout: 0`); those who may wait do
 * so between attempts, with the event loop free.
 */
export class Connection {
  /** Null before the file is known to be ours, and where there is none. */
  private file: StoreFile | null = null;
  private schemaVersion: unknown;

  private constructor(
    private readonly dataSource: DataSource,
    readonly database: Database,
    /** Absolute path of the file, or `:memory:`. */
    readonly path: string,
  ) {}

  /** Opens the file, creating it where there is none, and brings its schema up to date. */
  static async open(file: string, synchronous: 'full' | 'normal'): Promise<Connection> {
    const path = file === IN_MEMORY ? IN_MEMORY : resolve(file);
    const dataSource = new DataSource({
      type: 'better-sqlite3',
      database: path,
      timeout: 0,
      entities: ENTITIES,
      migrations: MIGRATIONS,
      migrationsTableName: MIGRATIONS_TABLE,
      logger: SILENT,
    });
    try {
      await patiently(() => dataSource.initialize());
      const connection = new Connection(dataSource, databaseOf(dataSource), path);
      await patiently(() => connection.configure(synchronous));
      await connection.migrate();
      connection.schemaVersion = connection.readSchemaVersion();
      if (path !== IN_MEMORY) connection.file = new StoreFile(path);
      return connection;
    } catch (error) {
      if (dataSource.isInitialized) await dataSource.destroy();
      throw error instanceof SchemaVersionError ? error : storeError(error, `Cannot open the task store ${path}`);
    }
  }

  async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  /** @throws StoreFileGoneError when the path leads to another file than the one that is open, or to none */
  assertInPlace(): void {
    this.file?.assertInPlace();
  }

  /**
   * A newer version of this package may have changed the tables while this process was using them. Asked within each
   * transaction that writes, so that nothing comes between.
   * @throws SchemaVersionError
   */
  assertSameSchema(): void {
    const now = this.readSchemaVersion();
    if (now === this.schemaVersion) return;
    this.assertKnownSchema();
    this.schemaVersion = now;
  }

  /**
   * Reads, outside any transaction.
   * @throws StoreError where the file cannot be read
   */
  async read<T>(query: (database: Database) => T): Promise<T> {
    try {
      this.assertInPlace();
      return await patiently(() => query(this.database));
    } catch (error) {
      throw isStoreFault(error) ? storeError(error, 'Cannot read the task store') : error;
    }
  }

  /**
   * Whether `manager` writes to this very file, so that what it inserts is in our tables.
   * @throws ForeignManagerError where it does not
   */
  assertSameDatabase(manager: EntityManager): void {
    const { type, database } = manager.dataSource.options;
    const isFile = typeof database === 'string' && database !== '' && database !== IN_MEMORY;
    if (type === 'better-sqlite3' && isFile && this.path !== IN_MEMORY && sameFile(database, this.path)) return;
    throw new ForeignManagerError(
      `The given manager belongs to ${describe(type, database)}, but the tasks live in ${this.path}, ` +
        `so the two cannot commit together. Keep the tasks in the app's database with ` +
        `TasksModule.forRoot({ dataSource: 'default' }) (a better-sqlite3 file), or let them wait in a table of that database ` +
        `with TasksModule.forRoot({ outbox: { dataSource: 'default' } }), or enqueue without "manager" after the ` +
        `transaction has committed.`,
    );
  }

  /** SQLite's own counter of changes to the tables, whoever made them. */
  private readSchemaVersion(): unknown {
    return statement(this.database, 'PRAGMA schema_version').pluck().get();
  }

  private configure(synchronous: 'full' | 'normal'): void {
    if (this.path !== IN_MEMORY) this.database.pragma('journal_mode = WAL');
    this.database.pragma(`synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'}`);
    this.database.pragma('journal_size_limit = 67108864');
    this.database.pragma('cache_size = -32000');
    this.database.pragma('temp_store = MEMORY');
  }

  /**
   * Runs the migrations that are missing, all in one transaction that holds the file's write lock from its start: of
   * several processes that boot together one migrates and the others find it done; a process that is killed half-way
   * leaves nothing behind.
   */
  private async migrate(): Promise<void> {
    await patiently(() => void this.database.exec('BEGIN IMMEDIATE'));
    try {
      this.assertKnownSchema();
      await this.dataSource.runMigrations({ transaction: 'none' });
      this.database.exec('COMMIT');
    } catch (error) {
      if (this.database.inTransaction) this.database.exec('ROLLBACK');
      throw error;
    }
  }

  private assertKnownSchema(): void {
    const exists = this.database.prepare(`SELECT 1 FROM sqlite_master WHERE name = ?`).get(MIGRATIONS_TABLE);
    if (!exists) return;
    const known = new Set(MIGRATIONS.map((migration) => migration.name));
    const rows = this.database.prepare(`SELECT name FROM ${MIGRATIONS_TABLE} ORDER BY id`).all() as { name: string }[];
    const unknown = rows.map((row) => row.name).filter((name) => !known.has(name));
    if (unknown.length === 0) return;
    throw new SchemaVersionError(
      `The task store ${this.path} was written by a newer version of nestjs-tasks: it has ${listOf(unknown)}, ` +
        `this version knows up to "${MIGRATIONS.at(-1)!.name}". Update nestjs-tasks, or use another file.`,
    );
  }
}

/** The better-sqlite3 connection of a DataSource that is initialised. */
export function databaseOf(dataSource: DataSource): Database {
  return (dataSource.driver as unknown as { databaseConnection: Database }).databaseConnection;
}

/**
 * The file of the app's own DataSource.
 * @throws StoreError where the engine cannot open a connection of its own to it
 */
export function fileOf(dataSource: DataSource): string {
  const { type, database } = dataSource.options;
  if (type === 'better-sqlite3' && typeof database === 'string' && database !== '' && database !== IN_MEMORY) {
    return database;
  }
  throw new StoreError(
    `Tasks cannot be kept in ${describe(type, database)}: it takes a DataSource of type "better-sqlite3" on a file. ` +
      `Give the tasks a file of their own with "database" instead of "dataSource".`,
  );
}

function describe(type: string, database: unknown): string {
  return typeof database === 'string'
    ? `a ${type} DataSource on ${database || 'a temporary file'}`
    : `a ${type} DataSource`;
}

function sameFile(left: string, right: string): boolean {
  return canonical(left) === canonical(right);
}

function canonical(path: string): string {
  const absolute = resolve(path);
  return existsSync(absolute) ? realpathSync(absolute) : absolute;
}
