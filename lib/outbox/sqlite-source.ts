import { DataSource, type DataSourceOptions } from 'typeorm';
import { sleep } from '../clock/index.js';
import { asideOf } from './handing-over.js';
import { handful } from './handful.js';
import type { HandOver, OutboxSource } from './outbox-source.js';
import { type OutboxRow, OutboxTable, type WaitingRow } from './outbox-table.js';
import { isLocked } from './while-locked.js';

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
  const [main] = databaseOf(app).pragma('database_list') as ReadonlyArray<{ file: string }>;
  return main!.file;
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
      // The file says so by now, and SQLite does not wait for a lock where it switches.
      enableWAL: false,
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
    const first = await this.whenFree(() => this.database.prepare(this.table.first).all(this.store) as OutboxRow[]);
    const rows = await handful(first, (position) => this.paramsOf(position));
    if (rows.length === 0) return 0;
    const notStored = await handOver(rows);
    const stored = rows.map(({ position }) => position).filter((position) => !notStored.has(position));
    const aside = asideOf(notStored);
    return this.whenFree(() => {
      // A write between the app's read and its write would make the app's transaction fail: its end calls the relay again.
      this.blocked = this.app.createQueryRunner().isTransactionActive;
      if (this.blocked) return 0;
      for (const [position, problem] of aside) this.database.prepare(this.table.setAside).run(problem, position);
      // An empty list is one to SQLite.
      this.database.prepare(this.table.delete(stored.length)).run(...stored);
      return stored.length + aside.length;
    });
  }

  private async paramsOf(position: OutboxRow['position']): Promise<string | undefined> {
    const row = await this.whenFree(() => this.database.prepare(this.table.paramsOf).all(position)[0]);
    return (row as { params: string } | undefined)?.params;
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
        if (!isLocked(error) || tries === MAX_TRIES) throw error;
        await sleep(PAUSE_MS);
      }
    }
  }

  private get database(): Database {
    return databaseOf(this.dataSource);
  }
}
