import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, type EntityManager } from 'typeorm';

/** Nobody is served while SQLite waits for a lock: the app rather fails and rolls back. */
const BUSY_TIMEOUT_MS = 500;
/** So often, as SQLite waits for nobody where it switches to a log, and processes boot together. */
const MAX_OPENINGS = 60;

class Undone extends Error {}

/** Exit code of a process that cannot go on and is to be started anew: `EX_TEMPFAIL`. */
export const GAVE_UP = 75;

/** The app's own database: a SQLite file that the processes share. */
export class AppDatabase {
  private last: Promise<unknown> = Promise.resolve();

  private constructor(readonly dataSource: DataSource) {}

  static async open(file: string): Promise<AppDatabase> {
    const dataSource = new DataSource({
      type: 'better-sqlite3',
      database: file,
      enableWAL: true,
      timeout: BUSY_TIMEOUT_MS,
    });
    await openWhenFree(dataSource);
    return new AppDatabase(dataSource);
  }

  /** Runs `work` in a transaction and commits it. One at a time: it is one connection. */
  commit<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.inTurn(() => this.transact(work));
  }

  /** Runs `work` in a transaction and rolls it back. */
  async undo(work: (manager: EntityManager) => Promise<void>): Promise<void> {
    try {
      await this.inTurn(() =>
        this.transact(async (manager) => {
          await work(manager);
          throw new Undone();
        }),
      );
    } catch (error) {
      if (!(error instanceof Undone)) throw error;
    }
  }

  /**
   * A full disk has SQLite roll back by itself. TypeORM's own ROLLBACK then fails, and it takes the transaction for open
   * for ever: the next one is a savepoint in it, whose end commits nothing. An app can only begin anew.
   */
  private async transact<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    let used: EntityManager | undefined;
    try {
      return await this.dataSource.transaction((manager) => work((used = manager)));
    } catch (error) {
      if (used?.queryRunner?.isTransactionActive) process.exit(GAVE_UP);
      throw error;
    }
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }
}

async function openWhenFree(dataSource: DataSource): Promise<void> {
  for (let openings = 1; ; openings += 1) {
    try {
      await dataSource.initialize();
      return;
    } catch (error) {
      const isBusy = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
      if (!isBusy || openings === MAX_OPENINGS) throw error;
      await sleep(BUSY_TIMEOUT_MS * Math.random());
    }
  }
}
