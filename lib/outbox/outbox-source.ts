import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, type QueryRunner } from 'typeorm';
import type { NewTask } from '../engine/index.js';
import { type OutboxRow, OutboxTable, taskOf, type WaitingRow } from './outbox-table.js';

/** The app's database as the relay sees it: committed rows only. */
export interface OutboxSource {
  /**
   * Hands the first rows to `store`, in order, and deletes them when it resolved. Resolves to how many there were, 0 too
   * where another process is at it.
   */
  relay(store: (tasks: NewTask[]) => Promise<void>): Promise<number>;
  /** Rows were stored that can be deleted only when the app's transaction has ended. */
  readonly blocked: boolean;
  waiting(): Promise<WaitingRow[]>;
  close(): Promise<void>;
}

/**
 * PostgreSQL, MySQL and MariaDB. One relay works at a time, under a lock that the server frees when its process dies:
 * two would overtake each other, and one that was held up could hand over a task that has run and was deleted since.
 */
export class ServerSource implements OutboxSource {
  readonly blocked = false;
  private readonly table: OutboxTable;

  constructor(private readonly dataSource: DataSource) {
    this.table = new OutboxTable(dataSource);
  }

  async relay(store: (tasks: NewTask[]) => Promise<void>): Promise<number> {
    const runner = this.dataSource.createQueryRunner();
    const isPostgres = this.dataSource.options.type === 'postgres';
    let locked = false;
    try {
      await runner.startTransaction('READ COMMITTED');
      locked = await lock(runner, isPostgres);
      const rows: OutboxRow[] = locked ? await runner.query(this.table.first) : [];
      if (rows.length > 0) {
        await store(rows.map(taskOf));
        await runner.query(
          this.table.delete(rows.length),
          rows.map(({ position }) => position),
        );
      }
      await runner.commitTransaction();
      return rows.length;
    } catch (error) {
      // The connection may be what failed; the error that says so is the one to tell.
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      if (locked && !isPostgres) await runner.query(`SELECT RELEASE_LOCK('${LOCK_NAME}')`).catch(() => undefined);
      await runner.release();
    }
  }

  async waiting(): Promise<WaitingRow[]> {
    return this.dataSource.query(this.table.waiting);
  }

  async close(): Promise<void> {}
}

const LOCK_NAME = 'nestjs_tasks_outbox';
/** Any number that nobody else is likely to use. */
const LOCK_NUMBER = 7_317_420_655;

async function lock(runner: QueryRunner, isPostgres: boolean): Promise<boolean> {
  const rows: Array<{ locked: unknown }> = await runner.query(
    isPostgres
      ? `SELECT pg_try_advisory_xact_lock(${LOCK_NUMBER}) AS locked`
      : `SELECT GET_LOCK('${LOCK_NAME}', 0) AS locked`,
  );
  return rows[0]?.locked === true || Number(rows[0]?.locked) === 1;
}

const MOST_TRIES = 200;
const PAUSE_MS = 5;

interface Database {
  prepare(sql: string): { all(): unknown[]; run(...values: unknown[]): unknown };
  pragma(text: string): unknown;
}

/**
 * A SQLite file, on a connection of its own: the app's only one sees what its open transaction has not committed.
 * It waits for no lock, as that would stop the process and with it the transaction that holds the lock.
 */
export class SqliteSource implements OutboxSource {
  blocked = false;

  private constructor(
    private readonly app: DataSource,
    private readonly dataSource: DataSource,
    private readonly table: OutboxTable,
  ) {}

  static async open(app: DataSource): Promise<SqliteSource> {
    const own = new DataSource({
      ...app.options,
      entities: [],
      subscribers: [],
      migrations: [],
      synchronize: false,
      dropSchema: false,
      migrationsRun: false,
    });
    await own.initialize();
    const source = new SqliteSource(app, own, new OutboxTable(own));
    source.database.pragma('busy_timeout = 0');
    return source;
  }

  async relay(store: (tasks: NewTask[]) => Promise<void>): Promise<number> {
    const rows = await this.whenFree(() => this.database.prepare(this.table.first).all() as OutboxRow[]);
    if (rows.length === 0) return 0;
    await store(rows.map(taskOf));
    return this.whenFree(() => {
      // A write between the app's read and its write would make the app's transaction fail: its end calls the relay again.
      this.blocked = this.app.createQueryRunner().isTransactionActive;
      if (this.blocked) return 0;
      this.database.prepare(this.table.delete(rows.length)).run(...rows.map(({ position }) => position));
      return rows.length;
    });
  }

  async waiting(): Promise<WaitingRow[]> {
    return this.whenFree(() => this.database.prepare(this.table.waiting).all() as WaitingRow[]);
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
  }

  /** Tries again while another process writes, for about a second. */
  private async whenFree<T>(work: () => T): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return work();
      } catch (error) {
        const isBusy = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
        if (!isBusy || tries === MOST_TRIES) throw error;
        await sleep(PAUSE_MS);
      }
    }
  }

  private get database(): Database {
    return (this.dataSource.driver as unknown as { databaseConnection: Database }).databaseConnection;
  }
}
