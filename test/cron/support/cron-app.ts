import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModuleMetadata } from '@nestjs/common';
import Database from 'better-sqlite3';
import { Test, type TestingModule } from '@nestjs/testing';
import { CronSchedules } from '../../../lib/cron/index.js';
import type { ManualClock } from '../../../lib/clock/index.js';
import type { Task, TaskSummary } from '../../../lib/contract/index.js';
import { TaskDispatcher } from '../../../lib/queueing/index.js';
import { TasksModule } from '../../../lib/nest/index.js';
import type { TasksModuleOptions } from '../../../lib/config/index.js';
import { until } from '../../support/until.js';

/** A store's file that several apps may share, and what was started on it. */
export class CronBench {
  private readonly folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-cron-'));
  private readonly apps = new Set<CronApp>();

  constructor(readonly clock: ManualClock) {}

  async start(metadata: ModuleMetadata, options: TasksModuleOptions = {}): Promise<CronApp> {
    const module = await Test.createTestingModule({
      ...metadata,
      imports: [
        TasksModule.forRoot({
          database: join(this.folder, 'tasks.db'),
          clock: this.clock,
          configFile: false,
          admin: false,
          synchronous: 'normal',
          queues: { emails: {} },
          ...options,
        }),
        ...(metadata.imports ?? []),
      ],
    }).compile();
    module.useLogger(false);
    const app = new CronApp(module, this.clock, () => this.apps.delete(app));
    this.apps.add(app);
    await module.init();
    return app;
  }

  /** Does to the store what no call of the library does. */
  sql(statement: string): void {
    const database = new Database(join(this.folder, 'tasks.db'));
    database.exec(statement);
    database.close();
  }

  async end(): Promise<void> {
    await Promise.all([...this.apps].map((app) => app.close()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

export class CronApp {
  readonly tasks: TaskDispatcher;
  readonly schedules: CronSchedules;

  constructor(
    readonly module: TestingModule,
    private readonly clock: ManualClock,
    private readonly onClose: () => void,
  ) {
    this.tasks = module.get(TaskDispatcher, { strict: false });
    this.schedules = module.get(CronSchedules, { strict: false });
  }

  /** Every task of a name, oldest first. */
  async runs(name: string): Promise<TaskSummary[]> {
    const { items } = await this.tasks.list({ name, limit: 500 });
    return items.toReversed();
  }

  /** Waits until `probe` gives something else than undefined or false, asking again after each change in the store. */
  until<T>(what: string, probe: () => Promise<T | undefined | false>): Promise<T> {
    return until(what, probe, { changes: this.tasks });
  }

  /** Waits until `count` tasks of a name are completed; there may be more. */
  completed(name: string, count: number): Promise<TaskSummary[]> {
    return this.until(`${count} completed runs of ${name}`, async () => {
      const runs = await this.runs(name);
      return runs.filter(({ state }) => state === 'completed').length >= count && runs;
    });
  }

  state(task: Pick<Task, 'id'>, state: Task['state']): Promise<Task> {
    return this.until(`task ${task.id} to be ${state}`, async () => {
      const now = await this.tasks.get(task.id);
      return now.state === state && now;
    });
  }

  async close(): Promise<void> {
    this.onClose();
    await this.module.close();
  }
}
