import type { EntityManager } from 'typeorm';
import { monotonicTime } from '../../../clock/index.js';
import { SchemaVersionError } from '../../../contract/index.js';
import { lockHolder, type WritingProcess } from '../process/lock-holder.js';
import { WriterBusyError } from '../process/writers-note.js';
import { assertSameFile } from './app-data-source.js';
import type { Database } from './database.js';
import { assertKnownSchema, pendingMigrations } from './known-schema.js';
import { LocksLostError, OpenFile, type Opening, OtherFileError } from './open-file.js';
import { patiently } from './retry-while-busy.js';
import { isSqliteFault, storeError } from './sqlite-errors.js';
import { statement } from './statement.js';

/** How often a file is opened that is replaced meanwhile, or whose locks are lost while its tables are brought up to date. */
const MAX_OPENINGS = 3;
/** How soon a loss of locks is seen. A look costs some twenty microseconds. */
const LOOK_AT_LOCKS_EVERY_MS = 100;

/**
 * The engine's own connection to the file, also where the app has one: TypeORM's SQLite driver shares one connection
 * among all callers (typeorm#1884), so on the app's our statements would fall inside whatever transaction it has open.
 *
 * SQLite waits for a lock by blocking the thread. The wait is switched off here (`timeout: 0`); those who may wait do
 * so between attempts, with the event loop free.
 *
 *     open ──locks lost──> reopening ──> open, or lost for good
 */
export class Connection {
  private schemaVersion: unknown;
  private reopening: Promise<void> | null = null;
  private lost: unknown = null;
  private lookAgainAt = 0;

  private constructor(private readonly file: OpenFile) {}

  static async open(opening: Opening): Promise<Connection> {
    for (let openings = 1; ; openings += 1) {
      try {
        return await Connection.openOnce(opening);
      } catch (error) {
        const isOver = error instanceof ReopeningError || error instanceof OtherFileError;
        if (isOver && openings < MAX_OPENINGS) continue;
        throw error instanceof SchemaVersionError
          ? error
          : storeError(error, `Cannot open the task store ${opening.path}`);
      }
    }
  }

  private static async openOnce(opening: Opening): Promise<Connection> {
    const file = new OpenFile(opening);
    try {
      await file.open();
      const connection = new Connection(file);
      if (!(await patiently(() => connection.isUpToDate()))) await connection.migrate(opening.migrate);
      file.watch();
      file.note?.give();
      return connection;
    } catch (error) {
      await file.giveUp();
      throw error;
    }
  }

  get path(): string {
    return this.file.opening.path;
  }

  /** Another one after locks were lost. */
  get database(): Database {
    return this.file.database;
  }

  async close(): Promise<void> {
    await this.reopening;
    await this.file.close();
  }

  /**
   * For whoever has another connection to the file in this process: SQLite takes its locks anew only when all are closed.
   * @param release closes that connection; it may be opened again when it is needed next
   */
  onRelease(release: () => Promise<void>): void {
    this.file.releases.add(release);
  }

  /**
   * Costs microseconds, so it is asked before each commit and each read.
   * @throws StoreFileGoneError when the path leads to another file or log than is open, or to none
   * @throws ReopeningError for the moment in which locks that were lost are taken anew
   */
  assertInPlace(): void {
    if (this.lost) throw this.lost;
    if (this.reopening) throw new ReopeningError();
    try {
      this.lookAtLocks();
      this.file.place?.assertInPlace();
    } catch (error) {
      throw this.afterFault(error);
    }
  }

  /** Whether it can be read at this moment; looks at its locks. */
  isReady(): boolean {
    if (this.reopening || this.lost) return false;
    try {
      this.lookAtLocks();
      return true;
    } catch (error) {
      this.afterFault(error);
      return false;
    }
  }

  /**
   * Begins a transaction that writes.
   * @throws WriterBusyError where another process is in the middle of one
   * @throws StoreFileGoneError when the log was cut off
   * @throws SchemaVersionError where a newer version of this package has changed the tables meanwhile
   */
  begin(): void {
    statement(this.database, 'BEGIN IMMEDIATE').run();
    try {
      this.file.note?.take();
      this.file.place?.assertLogWhole();
      this.assertSameSchema();
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** @throws WriterBusyError where another process is writing too, as locks were lost; nothing is stored then */
  commit(): void {
    this.file.note?.assertMine();
    statement(this.database, 'COMMIT').run();
    this.file.note?.give();
  }

  /** After a commit: a log that was taken away just now has taken it along. @throws StoreFileGoneError */
  assertCommitted(): void {
    this.file.place?.assertInPlace();
  }

  rollback(): void {
    // SQLite has already rolled back by itself after some faults, such as a full disk.
    if (this.database.inTransaction) statement(this.database, 'ROLLBACK').run();
    this.file.note?.give();
  }

  /** The other process that keeps this one from writing; null where none does, or that cannot be told. */
  get writing(): WritingProcess | null {
    return this.file.note && (this.file.note.writing() ?? lockHolder(this.path));
  }

  /**
   * Reads, outside any transaction.
   * @throws StoreError where the file cannot be read
   */
  async read<T>(query: (database: Database) => T): Promise<T> {
    try {
      return await patiently(() => {
        this.assertInPlace();
        return query(this.database);
      });
    } catch (error) {
      throw isSqliteFault(error) ? storeError(error, 'Cannot read the task store') : error;
    }
  }

  /** @throws ForeignManagerError where `manager` writes to another file */
  assertSameDatabase(manager: EntityManager): void {
    assertSameFile(this.path, manager);
  }

  /** @throws LocksLostError, StoreFileGoneError */
  private lookAtLocks(): void {
    const now = monotonicTime();
    if (now < this.lookAgainAt) return;
    this.lookAgainAt = now + LOOK_AT_LOCKS_EVERY_MS;
    const lost = this.file.lossOfLocks();
    if (lost) throw lost;
    this.file.note?.renew();
  }

  /**
   * Where locks were lost, another process may have been the last to have the file open, and have taken the log away: what
   * was found wrong with the file is then made good by opening it anew. Returns the error that a caller is told.
   */
  private afterFault(fault: unknown): unknown {
    let lost = fault instanceof LocksLostError ? fault : null;
    try {
      lost ??= this.file.lossOfLocks();
    } catch (change) {
      return change;
    }
    if (lost === null) return fault;
    this.reopening = this.file
      .reopen(lost)
      .catch((final: unknown) => void (this.lost = final))
      .finally(() => (this.reopening = null));
    return new ReopeningError();
  }

  /** SQLite's own counter of changes to the tables, whoever made them. */
  private readSchemaVersion(): unknown {
    return statement(this.database, 'PRAGMA schema_version').pluck().get();
  }

  /**
   * Whether the tables are as this version makes them. To find out takes no lock: a process that boots holds nobody up.
   * @throws SchemaVersionError
   */
  private isUpToDate(): boolean {
    // Before the look: whoever changes the tables after it is noticed by the next transaction.
    const version = this.readSchemaVersion();
    assertKnownSchema(this.database, this.path);
    if (pendingMigrations(this.database).length > 0) return false;
    this.schemaVersion = version;
    return true;
  }

  /**
   * In one transaction that holds the file's write lock from its start: of several processes that boot together one
   * migrates and the others find it done; a process that is killed half-way leaves nothing behind.
   * @throws ReopeningError where the lock was lost meanwhile: nothing is stored then
   */
  private async migrate(migrate: () => Promise<void>): Promise<void> {
    await patiently(() => this.begin());
    try {
      await migrate();
      this.schemaVersion = this.readSchemaVersion();
      this.commit();
    } catch (error) {
      this.rollback();
      throw error instanceof WriterBusyError ? new ReopeningError() : error;
    }
  }

  /** Asked within each transaction that writes, so that nothing comes between. */
  private assertSameSchema(): void {
    const now = this.readSchemaVersion();
    if (now === this.schemaVersion) return;
    assertKnownSchema(this.database, this.path);
    this.schemaVersion = now;
  }
}

/** Looks like a lock that somebody holds: it is over in a moment. */
class ReopeningError extends Error {
  readonly code = 'SQLITE_BUSY_REOPENING';

  constructor() {
    super('locks that were lost are being taken anew');
  }
}
