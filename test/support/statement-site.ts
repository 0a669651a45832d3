import { expect } from 'vitest';
import { DataSource, type EntityManager } from 'typeorm';
import type { Outcome, NewTask } from '../../lib/engine/port/index.js';
import { claimForAll, type ClaimedTask } from '../../lib/engine/sqlite/sql/claim-tasks.js';
import { finishAttempt } from '../../lib/engine/sqlite/sql/finish-attempt.js';
import { insertTasks } from '../../lib/engine/sqlite/sql/insert-tasks.js';
import type { Database } from '../../lib/engine/sqlite/store/database.js';
import type { Transaction } from '../../lib/engine/sqlite/store/transaction.js';
import { newTask } from '../conformance/harness.js';
import { DutySite } from './duty-site.js';

type Row = Readonly<Record<string, unknown>>;

/** A store in a file, for statements that a test runs in transactions of their own. */
export class StatementSite {
  /** The last transaction, which tells what its statements told it. */
  told!: Transaction;
  private app: DataSource | null = null;

  private constructor(readonly duty: DutySite) {}

  static async open(): Promise<StatementSite> {
    return new StatementSite(await DutySite.open());
  }

  /** Closes it. The counters of tasks have to say what counting the rows does. */
  async close(): Promise<void> {
    const stored = this.all('SELECT queue, state, count FROM tasks_count WHERE count <> 0 ORDER BY queue, state');
    const counted = this.all('SELECT queue, state, count(*) AS count FROM tasks_task GROUP BY queue, state');
    await this.app?.destroy();
    await this.duty.close();
    expect(stored).toEqual(counted);
  }

  get clock(): DutySite['clock'] {
    return this.duty.clock;
  }

  get now(): number {
    return this.clock.now();
  }

  get database(): Database {
    return this.duty.connection.database;
  }

  /** Runs statements in one transaction; what they told it is in {@link told} then. */
  run<T>(operation: (transaction: Transaction) => T): Promise<T> {
    return this.duty.writer.write((transaction) => {
      this.told = transaction;
      return operation(transaction);
    });
  }

  /** Runs statements in a transaction of an app that has the file open too. */
  async runWithin<T>(operation: (manager: EntityManager) => Promise<T>): Promise<T> {
    const { path: database } = this.duty.connection;
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
    const options = { rateLimit: null };
    const consumer = {
      queue,
      options,
      hungry: true,
      claimsAhead: true,
      paused: false,
      room: count,
      demand: () => count,
    };
    const claiming = { worker, now: this.now, maxLostAttempts: 5, trustedFor: 5_000 };
    const claims = await this.run((transaction) => claimForAll(transaction, [consumer], claiming));
    return claims.get(consumer)?.tasks ?? [];
  }

  /** Ends the attempt of a claimed task that began when it was claimed. */
  end(task: ClaimedTask, outcome: Outcome): Promise<boolean> {
    const timing = { startedAt: this.now, finishedAt: this.now };
    return this.run((transaction) => finishAttempt(transaction, task, outcome, timing));
  }

  /** The row of a task, with the names that the columns have. */
  row(id: string): Row {
    return this.all('SELECT * FROM tasks_task WHERE id = ?', id)[0]!;
  }

  all(sql: string, ...values: readonly unknown[]): Row[] {
    return this.database.prepare(sql).all(...values) as Row[];
  }

  /** What another process writes. */
  set(sql: string, ...values: readonly unknown[]): void {
    this.database.prepare(sql).run(...values);
  }
}
