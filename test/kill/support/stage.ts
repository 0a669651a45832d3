import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import Database from 'better-sqlite3';
import { ENDED_STATES, type Task, type TaskState } from '../../../lib/contract/index.js';
import { TaskDispatcher } from '../../../lib/queueing/index.js';
import { TasksModule } from '../../../lib/nest/index.js';
import type { TasksModuleRootOptions } from '../../../lib/config/index.js';
import { useProgram } from '../../support/run/use-program.js';
import { until } from '../../support/until.js';
import type { WorkerTasks } from '../worker/setup.js';
import { Ledger } from './ledger.js';
import { WorkerProcess, type WorkerSurroundings } from './worker-process.js';

/** An attempt that has ended, as it stands in the store. */
export interface StoredAttempt {
  readonly attempt: number;
  readonly outcome: string;
}

/** Four processes that boot on a machine that is busy already take their time. */
const AT_WORK_MS = 150_000;

/** A store on which processes work, and a producer in this one. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-kill-'));
  readonly databaseFile: string;
  readonly ledger = new Ledger(join(this.folder, 'ledger'));
  readonly workers: WorkerProcess[] = [];
  private readonly apps: INestApplicationContext[] = [];

  /**
   * @param program the compiled worker
   * @param options of the TasksModule in every process
   */
  constructor(
    private readonly program: string,
    private readonly options: TasksModuleRootOptions = {},
  ) {
    this.databaseFile = options.database ?? join(this.folder, 'tasks.db');
  }

  startWorker(options: TasksModuleRootOptions = {}, surroundings: WorkerSurroundings = {}): WorkerProcess {
    return this.startProgram(this.program, options, surroundings);
  }

  /** The same of another compiled worker. */
  startProgram(
    program: string,
    options: TasksModuleRootOptions = {},
    surroundings: WorkerSurroundings = {},
  ): WorkerProcess {
    const worker = new WorkerProcess(
      program,
      join(this.folder, 'ledger'),
      { ...this.storeOptions, workers: { work: 5 }, ...options },
      this.ledger,
      surroundings,
    );
    this.workers.push(worker);
    return worker;
  }

  /** An app of this process that only enqueues, unless `options` say otherwise. */
  async startApp(options: TasksModuleRootOptions = {}): Promise<TaskDispatcher> {
    class AppModule {}
    Module({ imports: [TasksModule.forRoot({ ...this.storeOptions, workers: false, ...options })] })(AppModule);
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
    this.apps.push(app);
    return app.get(TaskDispatcher);
  }

  /** Asks the store itself. */
  query<Row>(sql: string, ...parameters: unknown[]): Row[] {
    const database = new Database(this.databaseFile, { readonly: true });
    try {
      return database.prepare<unknown[], Row>(sql).all(...parameters);
    } finally {
      database.close();
    }
  }

  attemptsByTask(): Map<string, StoredAttempt[]> {
    const rows = this.query<StoredAttempt & { id: string }>(
      `SELECT id, tasks_attempt.attempt, outcome FROM tasks_attempt
         JOIN tasks_task ON seq = task ORDER BY task, tasks_attempt.attempt`,
    );
    const attempts = new Map<string, StoredAttempt[]>();
    for (const { id, ...attempt } of rows) attempts.set(id, [...(attempts.get(id) ?? []), attempt]);
    return attempts;
  }

  /** Number of tasks by state, counted row by row. */
  rowsByState(): Partial<Record<TaskState, number>> {
    const rows = this.query<{ state: TaskState; rows: number }>(
      `SELECT state, count(*) AS rows FROM tasks_task GROUP BY state`,
    );
    return Object.fromEntries(rows.map(({ state, rows: count }) => [state, count]));
  }

  /** Resolves when `task` has started for the `times`th time. */
  async started(task: string, times = 1): Promise<void> {
    await until(`start number ${times} of ${task}`, () => {
      const starts = this.ledger.read().filter((entry) => entry.event === 'start' && entry.task === task);
      return starts.length >= times;
    });
  }

  /** Resolves to the task once it has ended. */
  async ended(tasks: TaskDispatcher, id: string): Promise<Task> {
    return until(`the end of ${id}`, async () => {
      const task = await tasks.get(id);
      return ENDED_STATES.some((state) => state === task.state) && task;
    });
  }

  /** Files that processes left as their sign of life. */
  heartbeats(): string[] {
    return readdirSync(`${this.databaseFile}-workers`).filter((name) => name !== 'writer');
  }

  /**
   * Resolves when one of the processes works.
   * @throws with what they printed, where one ended by itself or none works in time
   */
  async atWork(): Promise<void> {
    const said = (): string => this.workers.map(({ name, output }) => `${name}: ${output.trim() || '-'}`).join('\n');
    await until(
      () => `a process that works; they printed\n${said()}`,
      () => {
        if (this.workers.some((one) => one.endedItself)) throw new Error(`A process ended by itself:\n${said()}`);
        return this.workers.some((one) => one.isReady && !one.hasEnded);
      },
      { patience: AT_WORK_MS },
    );
  }

  /** Resolves when the process has printed `text`. */
  async printed(worker: WorkerProcess, text: string): Promise<void> {
    await until(`${worker.name} to print "${text}"`, () => worker.output.includes(text));
  }

  /** What the processes have printed that tells of a fault of the store, or of the library. */
  faults(): string[] {
    const lines = this.workers.flatMap((worker) => worker.output.split('\n'));
    return lines.filter((line) => /SQLITE_|locked|Cannot|[Uu]nhandled|TypeError|ReferenceError/.test(line));
  }

  async closeApps(): Promise<void> {
    for (const app of this.apps.splice(0)) await app.close();
  }

  async remove(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()));
    await this.closeApps();
    this.ledger.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get storeOptions(): TasksModuleRootOptions {
    return {
      database: this.databaseFile,
      configFile: false,
      admin: false,
      queues: { work: {} },
      retryDelay: '5ms',
      ...this.options,
    };
  }
}

/**
 * The compiled worker, which {@link Stage} takes: it is there when the tests of a file, or of a `describe`, begin.
 * @param main of its files, the one that is run
 */
export function useWorker(main = 'main'): { readonly file: string } {
  return useProgram(`test/kill/worker/${main}`);
}

export function enqueue<Name extends keyof WorkerTasks>(
  tasks: TaskDispatcher,
  name: Name,
  params: WorkerTasks[Name],
  options: { maxRetries?: number } = {},
): Promise<Task> {
  return tasks.queue<string>('work', name, params, options);
}
