import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource, type EntityManager } from 'typeorm';
import { ManualClock } from '../../lib/clock/index.js';
import type { NewTask, Outcome } from '../../lib/engine/port/index.js';
import type { ClaimedTask } from '../../lib/engine/sqlite/sql/claim-tasks.js';
import { insertTasks } from '../../lib/engine/sqlite/sql/insert-tasks.js';
import type { Database } from '../../lib/engine/sqlite/store/database.js';
import type { Transaction } from '../../lib/engine/sqlite/store/transaction.js';
import { newTask, START } from '../conformance/harness.js';
import { QuietStore } from './quiet-store.js';

type Row = Readonly<Record<string, unknown>>;

/** A quiet store with a clock, for statements that a transaction of an app may carry out too. */
export class StatementSite {
  readonly clock = new ManualClock(START);
  private app: DataSource | null = null;

  private constructor(
    private readonly store: QuietStore,
    private readonly folder: string | null = null,
  ) {}

  static async open(): Promise<StatementSite> {
    return new StatementSite(await QuietStore.open());
  }

  /** One that an app can open too. */
  static async openFile(): Promise<StatementSite> {
    const folder = mkdtempSync(join(tmpdir(), 'tasks-statements-'));
    return new StatementSite(await QuietStore.openFile(join(folder, 'tasks.db')), folder);
  }

  /** Closes it. The counters of tasks have to say what counting the rows does. */
  async close(): Promise<void> {
    try {
      this.store.counts();
    } finally {
      await this.app?.destroy();
      await this.store.close();
      if (this.folder) rmSync(this.folder, { recursive: true, force: true });
    }
  }

  get now(): number {
    return this.clock.now();
  }

  get database(): Database {
    return this.store.database;
  }

  /** The last transaction, which has what its statements told it. */
  get told(): Transaction {
    return this.store.last;
  }

  /** Runs statements in one transaction; what they told it is in {@link told} then. */
  async run<T>(operation: (transaction: Transaction) => T): Promise<T> {
    return this.store.write(operation);
  }

  /** Runs statements in a transaction of an app that has the file open too. */
  async runWithin<T>(operation: (manager: EntityManager) => Promise<T>): Promise<T> {
    const database = join(this.folder!, 'tasks.db');
    this.app ??= await new DataSource({ type: 'better-sqlite3', database }).initialize();
    return this.app.transaction(operation);
  }

  /** Stores tasks; returns them. */
  async add(...tasks: ReadonlyArray<Partial<NewTask>>): Promise<NewTask[]> {
    const made = tasks.map((task) => newTask(this.clock, task));
    await this.run((transaction) => insertTasks(transaction, made, this.now));
    return made;
  }

  /** Claims tasks for a worker, as many as there are up to a number. */
  async claim(count: number, worker = 'one', queue = 'default'): Promise<readonly ClaimedTask[]> {
    return this.store.claim({ wanted: count, queue }, { worker, now: this.now });
  }

  /** Ends the attempt of a claimed task, which began and ends now. */
  async end(task: ClaimedTask, outcome: Outcome): Promise<boolean> {
    this.store.now = this.now;
    return this.store.end(task, outcome);
  }

  /** The row of a task, with the names that the columns have. */
  row(id: string): Row {
    return this.store.row(id)!;
  }

  all(sql: string, ...values: ReadonlyArray<string | number | null>): Row[] {
    return this.store.find(sql, ...values);
  }

  /** What another process writes. */
  set(sql: string, ...values: ReadonlyArray<string | number | null>): void {
    this.store.run(sql, ...values);
  }
}
