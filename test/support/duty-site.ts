import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '../../lib/clock/index.js';
import type { TaskState } from '../../lib/contract/index.js';
import type { EngineContext, NewTask } from '../../lib/engine/port/index.js';
import { insertTasks } from '../../lib/engine/sqlite/sql/insert-tasks.js';
import type { Connection } from '../../lib/engine/sqlite/store/connection.js';
import { Writer } from '../../lib/engine/sqlite/store/writer.js';
import { contextWith, newTask, START } from '../conformance/harness.js';
import { openEmptyStore } from './empty-store.js';

/** A store in a file, for one duty of the SQLite engine that a test has alone on it. */
export class DutySite {
  readonly clock = new ManualClock(START);
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  /** Transactions that were begun since something was stored. */
  writes = 0;

  private constructor(
    private readonly folder: string,
    readonly connection: Connection,
    readonly writer: Writer,
  ) {
    const write = writer.write.bind(writer);
    writer.write = (operation) => {
      this.writes += 1;
      return write(operation);
    };
  }

  static async open(): Promise<DutySite> {
    const folder = mkdtempSync(join(tmpdir(), 'tasks-duty-'));
    const file = join(folder, 'tasks.db');
    const connection = await openEmptyStore(file);
    const { logger } = contextWith(new ManualClock(START));
    return new DutySite(folder, connection, new Writer(connection, null, logger, 10_000));
  }

  async close(): Promise<void> {
    await this.writer.close();
    await this.connection.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  context(overrides: Partial<EngineContext> = {}): EngineContext {
    const error = (message: string): void => void this.errors.push(message);
    const warn = (message: string): void => void this.warnings.push(message);
    return contextWith(this.clock, { logger: { log: () => undefined, warn, error }, ...overrides });
  }

  /** Stores so many tasks. */
  async store(many: number, task: Partial<NewTask> = {}): Promise<void> {
    const tasks = Array.from({ length: many }, () => newTask(this.clock, task));
    await this.writer.write((transaction) => insertTasks(transaction, tasks, this.clock.now()));
    this.writes = 0;
  }

  /** Tasks in a state, by the counters. */
  count(state: TaskState): number {
    const sum = this.connection.database.prepare('SELECT coalesce(sum(count), 0) FROM tasks_count WHERE state = ?');
    return sum.pluck().get(state) as number;
  }

  /** What is available of a queue has ended, one task after the other. @param expiresAt when its retention is over */
  endAll(state: 'completed' | 'failed', queue: string, expiresAt: number | null = null): void {
    this.connection.database
      .prepare(
        `UPDATE tasks_task SET state = ?, finished_at = seq, expires_at = ? WHERE state = 'available' AND queue = ?`,
      )
      .run(state, expiresAt, queue);
    this.moveCounts(state, queue);
  }

  /** What is available of the default queue runs in a worker. */
  runAll(worker: string): void {
    this.connection.database
      .prepare(
        `UPDATE tasks_task SET state = 'running', attempt = 1, worker = ?, started_at = 1 WHERE state = 'available'`,
      )
      .run(worker);
    this.moveCounts('running', 'default');
  }

  private moveCounts(to: TaskState, queue: string): void {
    const { database } = this.connection;
    database
      .prepare(
        `INSERT INTO tasks_count (queue, state, count)
         SELECT queue, ?, count FROM tasks_count WHERE state = 'available' AND queue = ?
         ON CONFLICT (queue, state) DO UPDATE SET count = count + excluded.count`,
      )
      .run(to, queue);
    database.prepare(`DELETE FROM tasks_count WHERE state = 'available' AND queue = ?`).run(queue);
  }
}
