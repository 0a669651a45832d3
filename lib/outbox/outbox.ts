import type { DataSource, EntityManager, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import type { CancelTimer, Clock } from '../clock/index.js';
import type { EngineLogger, NewTask, OutboxDepth } from '../engine/index.js';
import { messageOf, StoreError, TasksConfigError } from '../errors/index.js';
import { outboxMigrations } from './migrations.js';
import { type OutboxSource, ServerSource, SqliteSource } from './outbox-source.js';
import { requireOutboxDatabase } from './outbox-database.js';
import { OUTBOX_TABLE, OutboxTable } from './outbox-table.js';

/** How long a committed row waits at most that no process was told of. */
const POLL_MS = 1_000;

export interface OutboxDependencies {
  readonly dataSource: DataSource;
  /** What errors call it. */
  readonly label?: string;
  /** Create the table where it is missing. */
  readonly migrate: boolean;
  readonly clock: Clock;
  readonly logger: EngineLogger;
  /** Puts tasks into the store. Called again with the same tasks when the first time may have been lost. */
  readonly store: (tasks: readonly NewTask[]) => Promise<void>;
}

/**
 * The way of a task from a transaction of the app into a store elsewhere:
 *
 *     row          in the app's transaction; gone with it when it is rolled back
 *       │ commit
 *     committed    a process hands it over: at once the one that committed, else one that looks each second
 *       │ store(tasks)
 *     stored       a crash here hands it over again, which changes nothing
 *       │ delete
 *     gone
 */
export class Outbox {
  private readonly table: OutboxTable;
  private source: OutboxSource | null = null;
  private cancelPoll: CancelTimer = () => undefined;
  private relaying: Promise<void> | null = null;
  private again = false;
  private closed = false;
  private failing = false;

  /** Those whose open transaction has rows. */
  private readonly written = new WeakSet<QueryRunner>();

  /** TypeORM calls it for every transaction of the DataSource, the relay's own and those that are nested among them. */
  private readonly subscriber: EntitySubscriberInterface = {
    afterTransactionCommit: ({ queryRunner }) => this.transactionEnded(queryRunner),
    afterTransactionRollback: ({ queryRunner }) => this.transactionEnded(queryRunner),
  };

  constructor(private readonly deps: OutboxDependencies) {
    this.table = new OutboxTable(deps.dataSource);
  }

  /** @throws TasksConfigError where the database can have none, or the table is missing and must not be created */
  async open(): Promise<void> {
    const { dataSource, label = 'the DataSource' } = this.deps;
    requireOutboxDatabase(dataSource, label);
    // On the app's connection, which waits for locks that processes hold that boot together with this one.
    await this.prepareTable(dataSource);
    const isFile = dataSource.options.type === 'better-sqlite3';
    this.source = isFile ? await SqliteSource.open(dataSource) : new ServerSource(dataSource);
    dataSource.subscribers.push(this.subscriber);
    this.poll();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const { subscribers } = this.deps.dataSource;
    const at = subscribers.indexOf(this.subscriber);
    if (at !== -1) subscribers.splice(at, 1);
    this.cancelPoll();
    await this.relaying;
    await this.source?.close();
  }

  /** Whether what `manager` writes is in the outbox's database. */
  owns(manager: EntityManager): boolean {
    return manager.dataSource === this.deps.dataSource;
  }

  /**
   * Writes rows in the transaction of `manager`.
   * @throws StoreError where that fails; TypeORM's own error would carry the params
   */
  async add(manager: EntityManager, tasks: readonly NewTask[]): Promise<void> {
    try {
      if (manager.queryRunner) this.written.add(manager.queryRunner);
      await this.table.add(manager, tasks);
    } catch (error) {
      const { driverError } = error as { driverError?: unknown };
      throw new StoreError(`The task was not stored in the given transaction: ${messageOf(driverError ?? error)}`, {
        cause: driverError ?? error,
      });
    }
  }

  /** Committed rows that no process has handed over yet. @throws StoreError where the database cannot be asked */
  async waiting(): Promise<readonly OutboxDepth[]> {
    try {
      const rows = (await this.source?.waiting()) ?? [];
      return rows.map(({ queue, waiting, oldest }) => ({ queue, waiting: Number(waiting), oldestAt: Number(oldest) }));
    } catch (error) {
      throw new StoreError(`The outbox cannot be read: ${messageOf(error)}`, { cause: error });
    }
  }

  private async prepareTable(dataSource: DataSource): Promise<void> {
    const runner = dataSource.createQueryRunner();
    try {
      if (await runner.hasTable(OUTBOX_TABLE)) return;
      if (!this.deps.migrate) {
        throw new TasksConfigError(
          `"outbox": the database has no table "${OUTBOX_TABLE}". Add "outboxMigrations" of nestjs-tasks to the ` +
            'migrations of the DataSource and run them, or let the library create the table with "migrate": true.',
        );
      }
      for (const Migration of outboxMigrations) await new Migration().up(runner);
    } catch (error) {
      // Of processes that boot together, one creates it.
      if (error instanceof TasksConfigError || !(await runner.hasTable(OUTBOX_TABLE))) throw error;
    } finally {
      await runner.release();
    }
  }

  private transactionEnded(queryRunner: QueryRunner): void {
    if (queryRunner.isTransactionActive) return;
    if (this.written.delete(queryRunner) || this.source?.blocked) this.wake();
  }

  private poll(): void {
    if (this.closed) return;
    this.cancelPoll = this.deps.clock.schedule(POLL_MS, () => this.poll());
    this.wake();
  }

  private wake(): void {
    if (this.closed) return;
    this.again = true;
    this.relaying ??= this.relay().finally(() => {
      this.relaying = null;
    });
  }

  /** Until nothing is left; a failure waits for the next poll. */
  private async relay(): Promise<void> {
    try {
      while (this.again && !this.closed) {
        this.again = false;
        if ((await this.source!.relay((tasks) => this.deps.store(tasks))) > 0) this.again = true;
      }
      this.failing = false;
    } catch (error) {
      if (!this.failing) {
        this.deps.logger.warn(
          `Tasks in the outbox cannot be handed over yet, and are tried again: ${messageOf(error)}`,
        );
      }
      this.failing = true;
    }
  }
}
