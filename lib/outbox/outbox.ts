import type { DataSource, EntityManager, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import type { CancelTimer, Clock } from '../clock/index.js';
import { inCleanContext } from '../context/index.js';
import { dataSourceOf, readableParams, requirePeer, waitingTask } from '../engine/common/index.js';
import type { EngineLogger, EnqueueAnswer, NewTask } from '../engine/port/index.js';
import { messageOf, type OutboxDepth, StoreError, type Task, TasksConfigError } from '../contract/index.js';
import { maskSensitive } from '../params/index.js';
import { HandingOver } from './handing-over.js';
import { holdsAllCharacters, outboxMigrations } from './migrations.js';
import { OutboxTask } from './outbox-task.entity.js';
import type { OutboxSource } from './outbox-source.js';
import { requireOutboxDatabase } from './outbox-database.js';
import { LATER_COLUMNS, OUTBOX_TABLE, OutboxTable } from './outbox-table.js';
import { ServerSource } from './server-source.js';
import { SqliteSource } from './sqlite-source.js';
import { whileLocked } from './while-locked.js';

/** How long a committed row waits at most that no process was told of. */
const POLL_MS = 1_000;

export interface OutboxDependencies {
  readonly dataSource: DataSource;
  /** Its name in errors. */
  readonly label?: string;
  /** Create the table where it is missing. */
  readonly migrate: boolean;
  readonly clock: Clock;
  readonly logger: EngineLogger;
  /** The name that tells the store from others whose outbox is in the same database; asked for once it is open. */
  readonly owner: () => Promise<string>;
  /** Puts tasks into the store. Called again with the same tasks when the first time may have been lost. */
  readonly store: (tasks: readonly NewTask[]) => Promise<unknown>;
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
  private prepared: OutboxTable | null = null;
  private source: OutboxSource | null = null;
  private cancelPoll: CancelTimer = () => undefined;
  private relaying: Promise<void> | null = null;
  private again = false;
  private closed = false;
  private failing = false;
  private readonly handingOver: HandingOver;
  private owner = '';

  /** Connections whose open transaction has rows. */
  private readonly written = new WeakSet<QueryRunner>();

  /** TypeORM calls it for every transaction of the DataSource, the relay's own and those that are nested among them. */
  private readonly subscriber: EntitySubscriberInterface = {
    afterTransactionCommit: ({ queryRunner }) => this.transactionEnded(queryRunner),
    afterTransactionRollback: ({ queryRunner }) => this.transactionEnded(queryRunner),
  };

  constructor(private readonly deps: OutboxDependencies) {
    this.handingOver = new HandingOver({
      store: deps.store,
      taskOf: (row) => this.table.taskOf(row),
      onRefused: ({ id }, problem) =>
        deps.logger.error(
          `Task ${String(id)} in the outbox cannot be handed over, and is set aside until the next boot: ${problem}`,
        ),
    });
  }

  /** @throws TasksConfigError where the database can have none, or the table is missing and must not be created */
  async open(): Promise<void> {
    const { dataSource, label = 'the DataSource' } = this.deps;
    requirePeer('typeorm', '"outbox"');
    requireOutboxDatabase(dataSource, label);
    await this.whileLocked(() => this.prepareTable(dataSource, label));
    pointEntity(dataSource);
    const isFile = dataSource.options.type === 'better-sqlite3';
    this.owner = await this.deps.owner();
    // A boot may follow a change: a row that was refused may be taken now.
    await this.whileLocked(() => dataSource.query(this.table.tryAgain, [this.owner]));
    this.source = isFile
      ? await this.whileLocked(() => SqliteSource.open(dataSource, this.owner))
      : new ServerSource(dataSource, this.owner);
    // An app that is told to stop while it boots closes what is not open yet.
    if (this.closed) return this.source.close();
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

  /** Once the DataSource is connected: before that it does not know where its tables are. */
  private get table(): OutboxTable {
    return (this.prepared ??= new OutboxTable(this.deps.dataSource));
  }

  /** Whether what `manager` writes is in the outbox's database. */
  owns(manager: EntityManager): boolean {
    return dataSourceOf(manager) === this.deps.dataSource;
  }

  /**
   * Writes rows in the open transaction of `manager`, save those of tasks that wait here already. What the store has is not
   * looked at: it may be away. Resolves to what became of each task.
   * @throws StoreError where that fails; TypeORM's own error would carry the params
   */
  async add(manager: EntityManager, tasks: readonly NewTask[]): Promise<readonly EnqueueAnswer[]> {
    this.written.add(manager.queryRunner!);
    return told('The task was not stored in the given transaction', this.table.add(manager, tasks, this.owner));
  }

  /** Those of `tasks` that wait here, as the transaction of `manager` sees it; null for each that does not. */
  async find(manager: EntityManager, tasks: ReadonlyArray<Pick<NewTask, 'id'>>): Promise<Array<Task | null>> {
    const found: Array<Task | null> = [];
    for (const { id } of tasks) {
      const waiting = await told('The outbox cannot be read', this.table.find(manager, id));
      found.push(waiting && waitingTask(waiting, readableParams(waiting.params, waiting.sensitive, maskSensitive)));
    }
    return found;
  }

  /** Committed rows that no process has handed over yet. @throws StoreError where the database cannot be asked */
  async waiting(): Promise<readonly OutboxDepth[]> {
    try {
      const rows = (await this.source?.waiting()) ?? [];
      return rows.map(({ queue, waiting, aside, oldest }) => ({
        queue,
        waiting: Number(waiting),
        oldestAt: Number(oldest),
        ...(Number(aside) > 0 && { setAside: Number(aside) }),
      }));
    } catch (error) {
      throw new StoreError(`The outbox cannot be read: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Processes that boot together, or with one that was killed, are in each other's way for a moment. */
  private whileLocked<T>(attempt: () => Promise<T>): Promise<T> {
    return whileLocked(attempt, () => this.closed);
  }

  private async prepareTable(dataSource: DataSource, label: string): Promise<void> {
    const runner = dataSource.createQueryRunner();
    const reading = (done: Promise<boolean>): Promise<boolean> => told(`The outbox in ${label} cannot be read`, done);
    try {
      if (await reading(isComplete(runner))) return;
      if (this.deps.migrate) {
        await told(
          `"outbox": the table "${OUTBOX_TABLE}" cannot be made or changed in ${label}. Let its user do that, or have the ` +
            'migrations in "outboxMigrations" of nestjs-tasks run by who may, and give "migrate": false',
          migrate(runner),
        );
        return;
      }
      if (await reading(runner.hasTable(OUTBOX_TABLE))) {
        throw new TasksConfigError(
          `"outbox": the table "${OUTBOX_TABLE}" is of an earlier version. Run the migrations in "outboxMigrations" of ` +
            'nestjs-tasks, or let the library change the table with "migrate": true.',
        );
      }
      throw new TasksConfigError(
        `"outbox": the database has no table "${OUTBOX_TABLE}". Add "outboxMigrations" of nestjs-tasks to the ` +
          'migrations of the DataSource and run them, or let the library create the table with "migrate": true.',
      );
    } finally {
      await runner.release();
    }
  }

  private transactionEnded(queryRunner: QueryRunner): void {
    if (queryRunner.isTransactionActive) return;
    if (this.written.delete(queryRunner) || this.source!.blocked) this.wake();
  }

  private poll(): void {
    this.cancelPoll = this.deps.clock.schedule(POLL_MS, () => this.poll());
    this.wake();
  }

  private wake(): void {
    this.again = true;
    // Not as a part of the transaction that has just ended: subscribers and loggers of the DataSource hear of it.
    this.relaying ??= inCleanContext(() =>
      this.relay().finally(() => {
        this.relaying = null;
      }),
    );
  }

  /** Until nothing is left; a failure waits for the next poll. */
  private async relay(): Promise<void> {
    try {
      while (this.again && !this.closed) {
        this.again = false;
        if ((await this.source!.relay((rows) => this.handingOver.handOver(rows))) > 0) this.again = true;
      }
      this.failing = this.handingOver.isFailing;
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

/**
 * Each process that boots together with others migrates: MySQL has no transaction about it, and a step that another
 * process did in between fails. It is there from then on, so that a process fails once for each step at most.
 */
async function migrate(runner: QueryRunner): Promise<void> {
  for (let failures = 0; ; failures += 1) {
    try {
      for (const Migration of outboxMigrations) await new Migration().up(runner);
      return;
    } catch (error) {
      if (failures > LATER_COLUMNS.length) throw error;
    }
  }
}

/** @throws StoreError: TypeORM's own error would carry the params */
async function told<T>(what: string, done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const { driverError } = error as { driverError?: unknown };
    throw new StoreError(`${what}: ${messageOf(driverError ?? error)}`, { cause: driverError ?? error });
  }
}

async function isComplete(runner: QueryRunner): Promise<boolean> {
  for (const column of LATER_COLUMNS) if (!(await runner.hasColumn(OUTBOX_TABLE, column))) return false;
  return holdsAllCharacters(runner);
}

/** The table has one name, and so have its columns: what the app's "entityPrefix" or naming strategy makes of them is none that there is. */
function pointEntity({ driver, entityMetadatas }: DataSource): void {
  const metadata = entityMetadatas.find(({ target }) => target === OutboxTask);
  if (!metadata) return;
  metadata.tableName = OUTBOX_TABLE;
  metadata.tablePath = driver.buildTableName(OUTBOX_TABLE, metadata.schema, metadata.database);
  for (const column of metadata.columns) {
    const name = column.givenDatabaseName ?? column.propertyName;
    Object.assign(column, { databaseName: name, databaseNameWithoutPrefixes: name, databasePath: name });
  }
}
