import { createHash } from 'node:crypto';
import { DataSource, type DataSourceOptions, type QueryRunner } from 'typeorm';
import { sleep } from '../clock/index.js';
import { escapedJson } from './astral.js';
import { type OutboxRow, OutboxTable, type WaitingRow } from './outbox-table.js';

/** Puts rows into the store. Resolves to what is wrong with those that it refused, by position: they are set aside. */
export type HandOver = (rows: readonly OutboxRow[]) => Promise<ReadonlyMap<OutboxRow['position'], string>>;

/** The app's database as the relay sees it: committed rows only. */
export interface OutboxSource {
  /**
   * Hands the first rows to `store`, in order, and deletes them when it resolved. Resolves to how many there were, 0 too
   * where another process is at it.
   */
  relay(handOver: HandOver): Promise<number>;
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

  /** @param store whose rows are relayed */
  constructor(
    private readonly dataSource: DataSource,
    private readonly store: string,
  ) {
    this.table = new OutboxTable(dataSource);
  }

  async relay(handOver: HandOver): Promise<number> {
    const runner = this.dataSource.createQueryRunner();
    const isPostgres = this.dataSource.options.type === 'postgres';
    let locked = false;
    try {
      await runner.startTransaction('READ COMMITTED');
      locked = await lock(runner, isPostgres, this.store);
      const rows: OutboxRow[] = locked ? await runner.query(this.table.first, [this.store]) : [];
      if (rows.length > 0) {
        const refused = await handOver(rows);
        for (const [position, problem] of refused) {
          await runner.query(this.table.setAside, [escapedJson(problem), position]);
        }
        const stored = rows.map(({ position }) => position).filter((position) => !refused.has(position));
        if (stored.length > 0) await runner.query(this.table.delete(stored.length), stored);
      }
      await runner.commitTransaction();
      return rows.length;
    } catch (error) {
      // The connection may be what failed; the error that says so is the one to tell.
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      if (locked && !isPostgres)
        await runner.query(`SELECT RELEASE_LOCK('${LOCK_NAME}:${lockOf(this.store)}')`).catch(() => undefined);
      await runner.release();
    }
  }

  async waiting(): Promise<WaitingRow[]> {
    return this.dataSource.query(this.table.waiting, [this.store]);
  }

  async close(): Promise<void> {}
}

const LOCK_NAME = 'nestjs_tasks_outbox';
/** Any number that nobody else is likely to use. */
const LOCK_NUMBER = 731_742_065;

/** Stores do not wait for each other. */
function lockOf(store: string): number {
  return createHash('sha256').update(store).digest().readInt32BE();
}

async function lock(runner: QueryRunner, isPostgres: boolean, store: string): Promise<boolean> {
  const rows: Array<{ locked: unknown }> = await runner.query(
    isPostgres
      ? `SELECT pg_try_advisory_xact_lock(${LOCK_NUMBER}, ${lockOf(store)}) AS locked`
      : `SELECT GET_LOCK('${LOCK_NAME}:${lockOf(store)}', 0) AS locked`,
  );
  return rows[0]?.locked === true || Number(rows[0]?.locked) === 1;
}

const MAX_TRIES = 200;
const PAUSE_MS = 5;

interface Database {
  prepare(sql: string): { all(...values: unknown[]): unknown[]; run(...values: unknown[]): unknown };
  pragma(text: string): unknown;
}

function databaseOf({ driver }: DataSource): Database {
  return (driver as unknown as { databaseConnection: Database }).databaseConnection;
}

/** The file that the app has open, which its options name no more where the working directory has changed since. */
function openFileOf(app: DataSource): string {
  const list = databaseOf(app).pragma('database_list') as ReadonlyArray<{ name: string; file: string }>;
  return list.find(({ name }) => name === 'main')!.file;
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
    private readonly store: string,
  ) {}

  static async open(app: DataSource, store: string): Promise<SqliteSource> {
    const own = new DataSource({
      ...(app.options as Extract<DataSourceOptions, { type: 'better-sqlite3' }>),
      database: openFileOf(app),
      entities: [],
      subscribers: [],
      migrations: [],
      synchronize: false,
      dropSchema: false,
      migrationsRun: false,
    });
    await own.initialize();
    const source = new SqliteSource(app, own, new OutboxTable(own), store);
    source.database.pragma('busy_timeout = 0');
    return source;
  }

  async relay(handOver: HandOver): Promise<number> {
    const rows = await this.whenFree(() => this.database.prepare(this.table.first).all(this.store) as OutboxRow[]);
    if (rows.length === 0) return 0;
    const refused = await handOver(rows);
    const stored = rows.map(({ position }) => position).filter((position) => !refused.has(position));
    return this.whenFree(() => {
      // A write between the app's read and its write would make the app's transaction fail: its end calls the relay again.
      this.blocked = this.app.createQueryRunner().isTransactionActive;
      if (this.blocked) return 0;
      for (const [position, problem] of refused) this.database.prepare(this.table.setAside).run(problem, position);
      if (stored.length > 0) this.database.prepare(this.table.delete(stored.length)).run(...stored);
      return rows.length;
    });
  }

  async waiting(): Promise<WaitingRow[]> {
    return this.whenFree(() => this.database.prepare(this.table.waiting).all(this.store) as WaitingRow[]);
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
        if (!isBusy || tries === MAX_TRIES) throw error;
        await sleep(PAUSE_MS);
      }
    }
  }

  private get database(): Database {
    return databaseOf(this.dataSource);
  }
}
