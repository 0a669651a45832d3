import type { DataSource } from 'typeorm';
import type { TaskEvent } from '../../contract/index.js';
import type { EngineContext, EngineLogger } from '../port/index.js';
import { KeySettler } from './maintenance/key-settler.js';
import { Lapser } from './maintenance/lapser.js';
import { Ticker } from './maintenance/ticker.js';
import { WorkflowSettler } from './maintenance/workflow-settler.js';
import type { SqliteEngineOptions } from './sqlite-options.js';
import { Checkpointer } from './store/checkpointer.js';
import { CommitWatch } from './store/commit-watch.js';
import { databaseOf, fileOf } from './store/app-data-source.js';
import type { Connection } from './store/connection.js';
import { storeError } from './store/sqlite-errors.js';
import { Writer } from './store/writer.js';
import { TaskFinder } from './task-finder.js';
import { WorkForce, type WorkPlace } from './work-force.js';

/** SQLite's number for it. */
const NORMAL = 1;

/** Opens a file. */
export type Connect = (
  file: string,
  synchronous: 'full' | 'normal',
  logger: Pick<EngineLogger, 'log' | 'warn'>,
) => Promise<Connection>;

/** Everything that exists while the store is open. */
export interface OpenSqliteStore {
  readonly connection: Connection;
  readonly writer: Writer;
  readonly checkpointer: Checkpointer;
  readonly watch: CommitWatch;
  readonly workForce: WorkForce;
  readonly ticker: Ticker;
  readonly lapser: Lapser;
  readonly keySettler: KeySettler;
  readonly workflowSettler: WorkflowSettler;
  readonly finder: TaskFinder;
}

/**
 * The file, what writes to it, watches it and works on it. All writes go through one {@link Writer}; a {@link WorkForce}
 * delivers tasks and does the recurring duties once there is a consumer.
 *
 *     closed ──open()──> open ──close()──> closed
 */
export class SqliteStore {
  private parts: OpenSqliteStore | null = null;

  constructor(
    private readonly options: SqliteEngineOptions,
    private readonly context: EngineContext,
    private readonly connect: Connect,
    private readonly workPlace?: WorkPlace,
  ) {}

  /** The app's own, where the tasks are in its database; else null. */
  get dataSource(): DataSource | null {
    const { database } = this.options;
    return typeof database === 'string' ? null : database;
  }

  /** @throws StoreError while the store is closed */
  get opened(): OpenSqliteStore {
    if (!this.parts) throw storeError(new Error('it is not open'), 'The task store cannot be used');
    return this.parts;
  }

  async open(): Promise<void> {
    if (this.parts) return;
    const { context } = this;
    const { database, synchronous, lease } = this.options;
    const file = typeof database === 'string' ? database : fileOf(database);
    const connection = await this.connect(file, synchronous, context.logger);
    const host = typeof database === 'string' ? null : databaseOf(database);
    if (host && synchronous === 'full' && host.pragma('synchronous', { simple: true }) === NORMAL) {
      context.logger.warn(
        "The app's DataSource commits with synchronous=NORMAL: what it enqueues in a transaction (manager) may be lost when " +
          "the machine loses power, though never when a process dies. Set prepareDatabase: (db) => db.pragma('synchronous = " +
          "FULL') on the DataSource, or say synchronous: 'normal' in the module where that is meant.",
      );
    }
    const writer = new Writer(connection, host, context.logger, lease, this.workPlace?.gate);
    const watch = new CommitWatch(connection, writer, context.logger, () => this.afterForeignCommit());
    const checkpointer = new Checkpointer(connection, context.logger);
    writer.listeners.add(checkpointer);
    const lapser = new Lapser(context, connection, writer);
    const workflowSettler = new WorkflowSettler(context, connection, writer);
    writer.listeners.add({
      committed({ lapseAt, settleAt }) {
        if (lapseAt < Infinity) lapser.expect(lapseAt);
        if (settleAt < Infinity) workflowSettler.expect(settleAt);
      },
    });
    this.parts = {
      connection,
      writer,
      watch,
      checkpointer,
      workForce: new WorkForce(this.options, context, connection, writer, watch, this.workPlace),
      ticker: new Ticker(context, connection, writer),
      lapser,
      keySettler: new KeySettler(context, connection, writer),
      workflowSettler,
      finder: new TaskFinder(connection, (params, sensitive) => context.mask(params, sensitive)),
    };
    await lapser.open();
    await workflowSettler.open();
    await this.parts.keySettler.open();
  }

  /** Commits the writes that are under way; a write that comes meanwhile is refused. The file is closed whatever else fails. */
  async close(): Promise<void> {
    if (!this.parts) return;
    const { watch, ticker, lapser, keySettler, workflowSettler, workForce, writer, checkpointer, connection } =
      this.parts;
    watch.stop();
    try {
      await ticker.stop();
      await lapser.stop();
      await keySettler.stop();
      await workflowSettler.stop();
      await workForce.close();
    } finally {
      try {
        await writer.close();
        await checkpointer.close();
      } finally {
        this.parts = null;
        await connection.close();
      }
    }
  }

  /** See `Watching.hear`. */
  hear(listener: (events: readonly TaskEvent[]) => void): () => void {
    const { hearers } = this.opened.writer;
    hearers.add(listener);
    return () => void hearers.delete(listener);
  }

  private afterForeignCommit(): void {
    if (!this.parts) return;
    this.parts.workForce.afterForeignCommit();
    const now = this.context.clock.now();
    this.parts.ticker.expect(now);
    this.parts.lapser.expect(now);
    this.parts.workflowSettler.expect(now);
  }
}
