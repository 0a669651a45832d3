import { setImmediate as turn } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';
import type {
  ActionResult,
  ActionTarget,
  AuditEntry,
  AuditPage,
  ConsumeOptions,
  Consumer,
  EngineCapabilities,
  EngineChange,
  EngineContext,
  MetricPoint,
  MetricsQuery,
  NewTask,
  PageRequest,
  QueueDepth,
  RunTask,
  Schedule,
  ScheduleStatus,
  TaskAction,
  TaskEngine,
  TaskFilter,
  TaskPage,
  WorkerInfo,
  WorkerStatus,
} from '../task-engine.js';
import type { FailureReport } from '../failure-groups.js';
import type { Task, TaskSummary } from '../task.js';
import { TaskActions } from './task-actions.js';
import { ChangeWatch } from './change-watch.js';
import { Checkpointer } from './checkpointer.js';
import { Connection, databaseOf, fileOf } from './connection.js';
import { groupFailures } from './group-failures.js';
import { Intake } from './intake.js';
import { storeError } from './sqlite-errors.js';
import { auditPage, insertAudit } from './statements/audit-rows.js';
import { insertTasksWithin } from './statements/insert-tasks.js';
import { saveSensitivePaths } from './statements/name-rows.js';
import { queueDepths } from './statements/queue-depths.js';
import { setPaused } from './statements/queue-rows.js';
import { METRICS_AT_ONCE, readMetrics } from './statements/read-metrics.js';
import { readSummaries, readTask } from './statements/read-tasks.js';
import { allWorkers, runningTasksOf } from './statements/worker-rows.js';
import { ScheduleBook } from './schedule-book.js';
import { TaskList } from './task-list.js';
import type { Committed } from './transaction.js';
import { WorkForce } from './work-force.js';
import { Writer } from './writer.js';

export interface SqliteEngineOptions {
  /** Path of the file, `:memory:`, or the app's own initialised DataSource, whose file is then used. */
  readonly database: string | DataSource;
  readonly synchronous: 'full' | 'normal';
  /** How long a process may be silent before its tasks are taken from it, in milliseconds. */
  readonly lease: number;
  /** How many attempts of one task in a row may be lost before it fails. */
  readonly maxLostAttempts: number;
}

/** Everything that exists while the store is open. */
interface Opened {
  readonly connection: Connection;
  readonly writer: Writer;
  readonly intake: Intake;
  readonly checkpointer: Checkpointer;
  readonly watch: ChangeWatch;
  readonly workForce: WorkForce;
  readonly list: TaskList;
  readonly actions: TaskActions;
  readonly schedules: ScheduleBook;
}

/**
 * Tasks in a SQLite file, for one or several processes of one machine.
 *
 * All writes go through one {@link Writer}; a {@link WorkForce} delivers tasks and does the recurring duties once there
 * is a consumer; {@link TaskList}, {@link TaskActions} and {@link ScheduleBook} answer and act for the panel.
 */
export class SqliteEngine implements TaskEngine {
  readonly kind = 'sqlite';
  readonly capabilities: EngineCapabilities = {
    clock: 'injected',
    queueRank: true,
    listOrder: 'created',
    latencyMetrics: true,
    retentionPerTask: true,
    lostAttemptTimes: true,
    queueOrder: 'created',
    keepsCancelledAttempts: true,
  };
  private opened: Opened | null = null;

  constructor(
    private readonly options: SqliteEngineOptions,
    private readonly context: EngineContext,
  ) {}

  async open(): Promise<void> {
    if (this.opened) return;
    const { database, synchronous } = this.options;
    const connection = await Connection.open(typeof database === 'string' ? database : fileOf(database), synchronous);
    const host = typeof database === 'string' ? null : databaseOf(database);
    const writer = new Writer(connection, host, this.context.logger, (committed) => this.afterCommit(committed));
    const watch = new ChangeWatch(connection.database, this.context.logger, () => this.afterForeignCommit());
    const list = new TaskList(connection, (params, sensitive) => this.context.mask(params, sensitive));
    const schedules = new ScheduleBook(this.context, connection, writer);
    this.opened = {
      connection,
      writer,
      intake: new Intake(writer),
      checkpointer: new Checkpointer(connection),
      watch,
      list,
      schedules,
      actions: new TaskActions(this.context, list, writer),
      workForce: new WorkForce(this.options, this.context, connection, writer, watch),
    };
  }

  async close(): Promise<void> {
    const opened = this.opened;
    if (!opened) return;
    opened.watch.stop();
    await opened.schedules.close();
    await opened.workForce.close();
    await opened.writer.close();
    await opened.checkpointer.close();
    this.opened = null;
    await opened.connection.close();
  }

  async enqueue(tasks: readonly NewTask[], within?: EntityManager): Promise<void> {
    const { connection, intake } = this.store;
    if (tasks.length === 0) return;
    const now = this.context.clock.now();
    if (within) connection.assertSameDatabase(within);
    // A manager that has no transaction open has nothing to commit together with.
    if (within?.queryRunner?.isTransactionActive) await insertTasksWithin(within, tasks, now);
    else await intake.store(tasks, now);
  }

  async noteSensitive(paths: ReadonlyMap<string, readonly string[]>): Promise<void> {
    if (paths.size === 0) return;
    await this.store.writer.write((transaction) => {
      for (const [name, list] of paths) saveSensitivePaths(transaction, name, list);
    });
  }

  async consume(queue: string, options: ConsumeOptions, run: RunTask): Promise<Consumer> {
    this.store.schedules.start();
    return this.store.workForce.consume(queue, options, run);
  }

  async get(id: string): Promise<Task | null> {
    const { mask } = this.context;
    return this.store.connection.read((database) => readTask(database, id, mask));
  }

  async summaries(ids: readonly string[]): Promise<readonly TaskSummary[]> {
    const { mask } = this.context;
    return this.store.connection.read((database) => readSummaries(database, ids, mask));
  }

  async list(filter: TaskFilter, page: PageRequest): Promise<TaskPage> {
    return this.store.list.page(filter, page);
  }

  async failures(query: { queue?: string; name?: string }): Promise<FailureReport> {
    const { connection, list } = this.store;
    return groupFailures(connection, list, query, this.context.clock.now());
  }

  async queues(): Promise<readonly QueueDepth[]> {
    return this.store.connection.read(queueDepths);
  }

  async workers(): Promise<readonly WorkerInfo[]> {
    const workers = await this.store.connection.read(allWorkers);
    return workers.map(({ id, host, pid, startedAt, queues }) => ({ id, host, pid, startedAt, queues }));
  }

  async workersAtWork(): Promise<readonly WorkerStatus[]> {
    const { connection, workForce } = this.store;
    const workers = await this.workers();
    return connection.read((database) =>
      workers.map((worker) => ({
        ...worker,
        running: runningTasksOf(database, worker.id),
        self: worker.id === workForce.workerId,
      })),
    );
  }

  async metrics(query: MetricsQuery): Promise<readonly MetricPoint[]> {
    const { connection } = this.store;
    const points: MetricPoint[] = [];
    for (;;) {
      const last = points.at(-1) ?? null;
      const read = await connection.read((database) => readMetrics(database, query, last));
      points.push(...read);
      if (read.length < METRICS_AT_ONCE) return points;
      await turn();
    }
  }

  async act(action: TaskAction, target: ActionTarget): Promise<ActionResult> {
    return this.store.actions.act(action, target);
  }

  async pauseQueue(queue: string): Promise<void> {
    const now = this.context.clock.now();
    await this.store.writer.write((transaction) => setPaused(transaction, queue, now));
  }

  async resumeQueue(queue: string): Promise<void> {
    await this.store.writer.write((transaction) => setPaused(transaction, queue, null));
  }

  async saveSchedule(schedule: Schedule): Promise<void> {
    await this.store.schedules.save(schedule);
  }

  async removeSchedule(name: string): Promise<boolean> {
    return this.store.schedules.remove(name);
  }

  async schedules(): Promise<readonly ScheduleStatus[]> {
    return this.store.schedules.all();
  }

  async setSchedulePaused(name: string, paused: boolean): Promise<boolean> {
    return this.store.schedules.setPaused(name, paused);
  }

  async triggerSchedule(name: string): Promise<string | null> {
    return this.store.schedules.trigger(name);
  }

  async noteAudit(entry: AuditEntry): Promise<void> {
    await this.store.writer.write((transaction) => insertAudit(transaction, entry));
  }

  async audit(page: { cursor?: string; limit: number }): Promise<AuditPage> {
    return this.store.connection.read((database) => auditPage(database, page));
  }

  watch(listener: (change: EngineChange) => void): () => void {
    return this.store.watch.add(listener);
  }

  private get store(): Opened {
    if (!this.opened) throw storeError(new Error('it is not open'), 'The task store cannot be used');
    return this.opened;
  }

  private afterCommit(committed: Committed): void {
    if (!this.opened) return;
    this.opened.checkpointer.afterCommit();
    this.opened.workForce.afterCommit(committed);
    this.opened.schedules.afterCommit(committed);
    this.opened.watch.announce(committed);
  }

  private afterForeignCommit(): void {
    this.opened?.workForce.afterForeignCommit();
    this.opened?.schedules.afterForeignCommit();
  }
}
