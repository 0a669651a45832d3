import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource, type EntityManager } from 'typeorm';
import { ManualClock } from '../../lib/clock/index.js';
import type { QueueFlow, StepWait, TaskAction, TaskState, TaskTraits } from '../../lib/contract/index.js';
import type { NewTask, Outcome, StepRecord } from '../../lib/engine/port/index.js';
import { imageOfEmptyStore, openMemory } from '../../lib/engine/sqlite/by-hand/memory-image.js';
import { actOnTask, findTask, type Refusal } from '../../lib/engine/sqlite/sql/act-on-tasks.js';
import {
  type Claim,
  type Claimant,
  type ClaimedTask,
  claimForAll,
  type Claiming,
} from '../../lib/engine/sqlite/sql/claim-tasks.js';
import { finishAttempt } from '../../lib/engine/sqlite/sql/finish-attempt.js';
import { insertTasks } from '../../lib/engine/sqlite/sql/insert-tasks.js';
import { setFlow } from '../../lib/engine/sqlite/sql/set-flow.js';
import type { Connection } from '../../lib/engine/sqlite/store/connection.js';
import { openConnection } from '../../lib/engine/sqlite/store/open-connection.js';
import type { Database } from '../../lib/engine/sqlite/store/database.js';
import { Transaction } from '../../lib/engine/sqlite/store/transaction.js';
import { completed, newTask, START } from '../conformance/harness.js';

const SILENT = { log: () => undefined, warn: () => undefined };

const FILE = 'tasks.db';

export const QUEUE = 'default';
export const WORKER = 'one';

/** A worker of a queue that asks for so many tasks. */
export type Asked = Partial<Claimant> & { readonly wanted?: number };

/** A store in which a test carries out statements by itself, one transaction after the other: nothing in it waits. */
export class QuietStore {
  readonly clock = new ManualClock(START);
  /** The transaction that ended last, with what its statements told it. */
  last!: Transaction;
  private app: DataSource | null = null;

  protected constructor(
    private readonly connection: Connection,
    private readonly folder: string | null = null,
  ) {}

  static async open(): Promise<QuietStore> {
    return new QuietStore(await QuietStore.inMemory());
  }

  /** One that an app can open too. */
  static async openFile(): Promise<QuietStore> {
    return new QuietStore(...(await QuietStore.inFolder()));
  }

  protected static inMemory(): Promise<Connection> {
    return openMemory('', 'normal', SILENT);
  }

  protected static async inFolder(): Promise<[Connection, string]> {
    const folder = mkdtempSync(join(tmpdir(), 'tasks-statements-'));
    const file = join(folder, FILE);
    writeFileSync(file, await imageOfEmptyStore());
    return [await openConnection(file, 'normal'), folder];
  }

  /** Closes it. The counters of tasks have to say what the rows do. */
  async close(): Promise<void> {
    try {
      this.counts();
    } finally {
      await this.closeAsIs();
    }
  }

  /** Closes it after a test that writes rows by hand, which nothing counts. */
  async closeAsIs(): Promise<void> {
    await this.app?.destroy();
    await this.connection.close();
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }

  get now(): number {
    return this.clock.now();
  }

  get database(): Database {
    return this.connection.database;
  }

  write<Result>(operation: (transaction: Transaction) => Result): Result {
    const transaction = new Transaction(this.database, []);
    this.last = transaction;
    return this.database.transaction(() => {
      const result = operation(transaction);
      transaction.finish();
      return result;
    })();
  }

  /** Carries out statements in a transaction of an app that has the file open too. */
  async runWithin<T>(operation: (manager: EntityManager) => Promise<T>): Promise<T> {
    const database = join(this.folder!, FILE);
    this.app ??= await new DataSource({ type: 'better-sqlite3', database }).initialize();
    return this.app.transaction(operation);
  }

  /** Stores a task for each; returns them. */
  store(...tasks: ReadonlyArray<Partial<NewTask>>): NewTask[] {
    const stored = tasks.map((task) => newTask(this.clock, task));
    this.write((transaction) => insertTasks(transaction, stored, this.now));
    return stored;
  }

  /** Stores a task for each; returns their ids. */
  add(...tasks: ReadonlyArray<Partial<NewTask>>): string[] {
    return this.store(...tasks).map(({ id }) => id);
  }

  limit(queue: string, flow: QueueFlow): void {
    this.write((transaction) => setFlow(transaction, queue, flow));
  }

  claimant({ wanted = 1, ...asked }: Asked = {}): Claimant {
    const options = { rateLimit: null };
    const others = { hungry: true, claimsAhead: true, paused: false };
    return { queue: QUEUE, options, demand: () => wanted, room: wanted, ...others, ...asked };
  }

  claimAs(claimant: Claimant, by: Partial<Claiming> = {}): Claim | undefined {
    const claiming = { worker: WORKER, now: this.now, maxLostAttempts: 5, trustedFor: 10_000, ...by };
    return this.write((transaction) => claimForAll(transaction, [claimant], claiming)).get(claimant);
  }

  /** The tasks that a worker gets. */
  claim(asked: Asked = {}, by: Partial<Claiming> = {}): readonly ClaimedTask[] {
    return this.claimAs(this.claimant(asked), by)?.tasks ?? [];
  }

  end(task: ClaimedTask, outcome: Outcome = completed, startedAt: number | null = this.now): boolean {
    return this.write((transaction) => finishAttempt(transaction, task, outcome, { startedAt, finishedAt: this.now }));
  }

  /** Stores a task and has a worker claim it. */
  running(traits?: TaskTraits): ClaimedTask {
    this.add(traits ? { traits } : {});
    return this.claim()[0]!;
  }

  /** A task that waits for the end of `called`, which it has called and which has these traits. */
  suspendedCaller(traits: TaskTraits = {}): string {
    const caller = { task: 'caller', step: 'call', number: 0 };
    this.add({ id: 'caller', priority: 1 }, { id: 'called', traits: { caller, ...traits } });
    this.end(this.claim()[0]!, { kind: 'suspended', maxAttempts: 4, waits: [this.wait('call', { task: 'called' })] });
    return 'caller';
  }

  /** A step that waits for this. */
  wait(kind: 'call' | 'sleep', wait: StepWait): StepRecord {
    const place = { kind, name: kind, number: 0, position: 1 };
    return { ...place, result: null, sensitive: [], wait, startedAt: this.now, finishedAt: null };
  }

  act(action: TaskAction, id: string): Refusal | null {
    const keep = (): number => 1_000;
    return this.write((transaction) => {
      return actOnTask(transaction, action, findTask(transaction, { id })!, this.now, keep);
    });
  }

  /** The row of a task; undefined where there is none. */
  row(id: string): Record<string, unknown> | undefined {
    return this.find('SELECT * FROM tasks_task WHERE id = ?', id)[0];
  }

  seq(id: string): number {
    return this.row(id)!.seq as number;
  }

  states(ids: readonly string[]): TaskState[] {
    return ids.map((id) => this.row(id)?.state as TaskState);
  }

  find(sql: string, ...parameters: ReadonlyArray<string | number | null>): Array<Record<string, unknown>> {
    return this.database.prepare<unknown[], Record<string, unknown>>(sql).all(...parameters);
  }

  /** What another process writes. */
  run(sql: string, ...parameters: ReadonlyArray<string | number | null>): void {
    this.database.prepare(sql).run(...parameters);
  }

  /** Tasks by state, where there are any: by the counters, which have to say what the rows do. */
  counts(): Record<string, number> {
    const ofRows = this.find('SELECT queue, state, count(*) AS count FROM tasks_task GROUP BY 1, 2 ORDER BY 1, 2');
    const counted = this.find('SELECT queue, state, count FROM tasks_count WHERE count <> 0 ORDER BY 1, 2');
    if (JSON.stringify(ofRows) !== JSON.stringify(counted)) {
      throw new Error(`The counters say ${JSON.stringify(counted)}, and the rows ${JSON.stringify(ofRows)}`);
    }
    return Object.fromEntries(
      counted.map(({ queue, state, count }) => [`${String(queue)} ${String(state)}`, count as number]),
    );
  }
}
