import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource, type DataSourceOptions, type EntityManager } from 'typeorm';
import { ManualClock } from '../../lib/clock/index.js';
import type { EnqueueAnswer, NewTask } from '../../lib/engine/port/index.js';
import { Outbox, type OutboxDependencies } from '../../lib/outbox/index.js';
import { newTask, START } from '../conformance/harness.js';

/** A database of an app, and outboxes in it, of which nothing is handed over but into {@link stored}. */
export class OutboxSite {
  readonly clock = new ManualClock(START);
  /** Ids of tasks that were handed over, call by call. */
  readonly stored: string[][] = [];
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  /** What the store throws instead of taking tasks; null where it takes them. */
  refuse: (tasks: readonly NewTask[]) => unknown = () => null;
  private readonly opened: Array<() => Promise<unknown>> = [];

  private constructor(
    readonly app: DataSource,
    private readonly folder: string | null,
  ) {}

  /** In a SQLite file, or in the database that is given. */
  static async open(options?: DataSourceOptions): Promise<OutboxSite> {
    const folder = options ? null : mkdtempSync(join(tmpdir(), 'tasks-outbox-'));
    const database = join(folder ?? '', 'app.db');
    const app = await new DataSource(options ?? { type: 'better-sqlite3', database }).initialize();
    return new OutboxSite(app, folder);
  }

  async close(): Promise<void> {
    for (const close of this.opened.splice(0)) await close();
    if (this.app.isInitialized) await this.app.destroy();
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }

  /** Another connection to the same database, as another process has it. */
  async another(): Promise<DataSource> {
    const other = await new DataSource(this.app.options).initialize();
    this.opened.push(async () => other.isInitialized && other.destroy());
    return other;
  }

  /** One that is not open yet. */
  outbox(overrides: Partial<OutboxDependencies> = {}): Outbox {
    const outbox = new Outbox({
      dataSource: this.app,
      migrate: true,
      clock: this.clock,
      logger: {
        log: () => undefined,
        warn: (message) => void this.warnings.push(message),
        error: (message) => void this.errors.push(message),
      },
      owner: async () => 'this-store',
      store: async (tasks) => {
        const refusal = this.refuse(tasks);
        if (refusal) throw refusal;
        this.stored.push(tasks.map(({ id }) => id));
      },
      ...overrides,
    });
    this.opened.unshift(() => outbox.close());
    return outbox;
  }

  task(id: string, overrides: Partial<NewTask> = {}): NewTask {
    return newTask(this.clock, { id, ...overrides });
  }

  /** In a transaction of the app. */
  add(outbox: Outbox, ...tasks: readonly NewTask[]): Promise<readonly EnqueueAnswer[]> {
    return this.app.transaction((manager) => outbox.add(manager, tasks));
  }

  /** Ids of what waits, by an app that looks itself. */
  async ids(source: DataSource | EntityManager = this.app): Promise<string[]> {
    const rows: Array<{ id: string }> = await source.query('SELECT id FROM nestjs_tasks_outbox ORDER BY position');
    return rows.map(({ id }) => id);
  }
}
