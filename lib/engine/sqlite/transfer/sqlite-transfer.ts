import { wallTime } from '../../../clock/index.js';
import {
  describeWorker,
  type EngineLogger,
  type MoveMark,
  type StoreBook,
  type StoredTask,
  type StoreLimits,
  type TransferStore,
} from '../../port/index.js';
import { breakLeases } from '../backup/check-rows.js';
import { goneWorkers } from '../backup/gone-workers.js';
import type { Connection } from '../store/connection.js';
import { openConnection } from '../store/open-connection.js';
import { statement } from '../store/statement.js';
import { saveSensitivePaths } from '../sql/name-rows.js';
import { queueRows } from '../sql/claim-tasks.js';
import { parsedFlow } from '../sql/flow-rows.js';
import { setPaused } from '../sql/pause-queue.js';
import { addPause, dropPause, pausesIn } from '../sql/pause-rows.js';
import { setFlow } from '../sql/set-flow.js';
import { rescueTasksOf, strayWorkers, type RescueRules } from '../sql/rescue-tasks.js';
import { allSchedules, deleteSchedule } from '../sql/schedule-rows.js';
import { allSecrets, storeSecret } from '../sql/secret-rows.js';
import { allWorkers, deleteWorker, type WorkerRecord } from '../sql/worker-rows.js';
import { KeySettler } from '../maintenance/key-settler.js';
import { Heartbeat, heartbeatFolder } from '../process/heartbeat.js';
import { Writer } from '../store/writer.js';
import { readMark, writeMark } from './move-mark.js';
import { putSchedule } from './put-schedule.js';
import { deleteMovedTask, hasEndedThere, insertMovedTask, movedKinds, movedTasks, unmovable } from './transfer-rows.js';

/** Read at a time, with the event loop free in between. */
const BATCH = 500;

export interface SqliteTransferOptions {
  /** Path of the file; it is created where there is none. */
  readonly database: string;
  /** How long a process of another container may be silent before it is taken for gone, in milliseconds. */
  readonly lease: number;
  readonly rules: Omit<RescueRules, 'now'>;
  readonly logger: EngineLogger;
}

/** A store in a SQLite file, as one end of a move. */
export class SqliteTransfer implements TransferStore {
  private constructor(
    private readonly connection: Connection,
    private readonly writer: Writer,
    private readonly options: SqliteTransferOptions,
  ) {}

  /** @throws StoreError where the file cannot be opened */
  static async open(options: SqliteTransferOptions): Promise<SqliteTransfer> {
    const connection = await openConnection(options.database, 'full');
    return new SqliteTransfer(connection, new Writer(connection, null, options.logger), options);
  }

  readMark(): Promise<MoveMark | null> {
    return this.connection.read(readMark);
  }

  async writeMark(mark: MoveMark | null): Promise<void> {
    await this.writer.write((transaction) => writeMark(transaction, mark));
  }

  async workers(): Promise<readonly string[]> {
    const { living } = await this.look();
    return living.map(describeWorker);
  }

  async settle(role: MoveMark['role']): Promise<readonly string[]> {
    const { gone } = await this.look();
    const rules = { ...this.options.rules, now: wallTime() };
    await this.writer.write((transaction) => {
      breakLeases(transaction);
      for (const worker of [...gone, ...strayWorkers(transaction.database)]) {
        deleteWorker(transaction, worker);
        rescueTasksOf(transaction, worker, rules);
      }
    });
    for (const worker of gone) Heartbeat.forget(heartbeatFolder(this.connection.path)!, worker);
    const held = await this.connection.read((database) =>
      statement<[], { id: string; worker: string }>(
        database,
        `SELECT id, worker FROM tasks_task INDEXED BY tasks_task_running WHERE state = 'running'`,
      ).all(),
    );
    const running = held.map(({ id, worker }) => `task ${id}, running by worker ${worker}`);
    return role === 'source' ? [...running, ...(await this.unmovable())] : running;
  }

  unmovable(): Promise<readonly string[]> {
    return this.connection.read(unmovable);
  }

  movedKinds(): ReturnType<TransferStore['movedKinds']> {
    return this.connection.read(movedKinds);
  }

  async *exportTasks(): AsyncGenerator<StoredTask> {
    let after = 0;
    for (;;) {
      const { tasks, last } = await this.connection.read((database) => movedTasks(database, after, BATCH));
      if (tasks.length === 0) return;
      yield* tasks;
      after = last;
    }
  }

  async importTasks(tasks: readonly StoredTask[]): Promise<void> {
    const now = wallTime();
    await this.writer.write((transaction) => {
      for (const task of tasks) {
        insertMovedTask(transaction, task, now, this.options.rules.keepFor(task.queue, 'failed'));
      }
    });
  }

  endedAmong(tasks: ReadonlyArray<Pick<StoredTask, 'id'>>): Promise<readonly string[]> {
    return this.connection.read((database) => tasks.map(({ id }) => id).filter((id) => hasEndedThere(database, id)));
  }

  /** Every commit has. */
  flush(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async removeTasks(tasks: ReadonlyArray<Pick<StoredTask, 'id'>>): Promise<void> {
    await this.writer.write((transaction) => {
      for (const { id } of tasks) deleteMovedTask(transaction, id);
    });
  }

  async exportBook(): Promise<StoreBook> {
    return this.connection.read((database) => {
      const names = statement<[], { name: string; sensitive: string }>(
        database,
        'SELECT name, sensitive FROM tasks_name',
      ).all();
      const queues = [...queueRows(database).values()];
      return {
        schedules: allSchedules(database),
        paused: queues.filter((row) => row.paused_at !== null).map((row) => row.name),
        pauses: pausesIn(database).map(({ selector }) => selector),
        flows: new Map(
          queues.filter((row) => row.flow_set !== null).map((row) => [row.name, parsedFlow(row.flow_set)] as const),
        ),
        sensitive: new Map(names.map(({ name, sensitive }) => [name, JSON.parse(sensitive) as string[]])),
        secrets: allSecrets(database),
      };
    });
  }

  async importBook({
    schedules,
    paused,
    pauses = [],
    flows = new Map(),
    sensitive,
    secrets,
  }: StoreBook): Promise<void> {
    const now = wallTime();
    await this.writer.write((transaction) => {
      for (const [name, paths] of sensitive) saveSensitivePaths(transaction, name, paths);
      for (const schedule of schedules) putSchedule(transaction, schedule);
      for (const queue of paused) setPaused(transaction, queue, now);
      for (const selector of pauses) addPause(transaction, selector, now);
      for (const [queue, flow] of flows) setFlow(transaction, queue, flow);
      for (const [name, value] of secrets) storeSecret(transaction, name, value);
    });
    await this.settleKeys(flows.keys());
  }

  async removeSchedules(names: readonly string[]): Promise<void> {
    await this.writer.write((transaction) => {
      for (const name of names) deleteSchedule(transaction, name);
    });
  }

  async resumeQueues(names: readonly string[]): Promise<void> {
    await this.writer.write((transaction) => {
      for (const name of names) setPaused(transaction, name, null);
    });
  }

  async restoreLimits({ pauses, flows }: StoreLimits): Promise<void> {
    const now = wallTime();
    const changed = await this.writer.write((transaction) => {
      const { database } = transaction;
      for (const { selector } of pausesIn(database)) dropPause(transaction, selector);
      for (const selector of pauses) addPause(transaction, selector, now);
      const set = [...queueRows(database).values()].filter(({ flow_set }) => flow_set !== null);
      for (const { name, flow_set } of set) {
        const none = Object.fromEntries(Object.keys(parsedFlow(flow_set)).map((part) => [part, null]));
        setFlow(transaction, name, { ...none, ...flows[name] });
      }
      return set.map(({ name }) => name);
    });
    await this.settleKeys(changed);
  }

  async close(): Promise<void> {
    await this.writer.close();
    await this.connection.close();
  }

  /** Tasks of keys obey what is set from then on. */
  private async settleKeys(queues: Iterable<string>): Promise<void> {
    const settler = new KeySettler(this.options, this.connection, this.writer);
    for (const queue of queues) await settler.settle(queue);
  }

  private async look(): Promise<{ living: WorkerRecord[]; gone: string[] }> {
    const workers = await this.connection.read(allWorkers);
    const gone = await goneWorkers(this.connection.path, workers, this.options.lease);
    return { living: workers.filter(({ id }) => !gone.includes(id)), gone };
  }
}
