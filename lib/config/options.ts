import type { DataSource } from 'typeorm';
import type { CanActivate, InjectionToken, Type } from '@nestjs/common';
import type { Clock } from '../clock/index.js';
import type { EngineOption } from '../engine/kinds/index.js';
import type { Duration } from './duration.js';

export type { EngineOption };

/** Delay before retry number `retry` (1 for the first retry) after `error`, in milliseconds or as a duration. */
export type BackoffFunction = (retry: number, error: Error) => Duration;

/** How the delay grows from retry to retry. `fixed`: always `retryDelay`; `linear`: times the retry's number; `exponential`: doubled each time. */
export type Backoff = 'fixed' | 'linear' | 'exponential' | BackoffFunction;

/** How long ended tasks are kept, by the state they ended in. `false`: until somebody deletes them. */
export interface RetentionOptions {
  /** @default '7d' */
  completed?: Duration | false;
  /** @default '30d' */
  failed?: Duration | false;
  /** @default '7d' */
  cancelled?: Duration | false;
}

/**
 * What can be set for one task. The same settings stand on a handler, on a queue and in the module's defaults;
 * the nearest one wins: task, then handler, then queue, then defaults.
 */
export interface TaskSettingsOptions {
  /**
   * Retries after the first attempt: a whole number from 0 to 1,000.
   * @default 3
   */
  maxRetries?: number;
  /**
   * Base delay before a retry.
   * @default '60s'
   */
  retryDelay?: Duration;
  /** @default 'fixed' */
  backoff?: Backoff;
  /**
   * Random part of a retry's delay, from 0 (none) to 1: a delay `d` becomes one between `d * (1 - jitter)` and `d`.
   * @default 0
   */
  jitter?: number;
  /**
   * How long one attempt may take before its signal is aborted and it counts as failed. `false`: no limit.
   * @default false
   */
  timeout?: Duration | false;
  /**
   * Higher runs first: a whole number from -1,000,000 to 1,000,000.
   * On a queue it is also the queue's rank among the queues of one process.
   * @default 0
   */
  priority?: number;
  retention?: RetentionOptions;
}

/** What can be set for one task when it is enqueued. A function cannot be stored, so `backoff` is one of the names. */
export interface StoredTaskSettings extends Omit<TaskSettingsOptions, 'backoff'> {
  backoff?: Exclude<Backoff, BackoffFunction>;
}

/** Settings of one queue, over the module's defaults. */
export interface QueueOptions extends TaskSettingsOptions {
  /**
   * Concurrent workers of this queue in this process, from 0 to 10,000; the same as its entry in `workers`, which wins
   * over it, as do a number and `false` given as `workers`.
   */
  concurrency?: number;
  /** Most tasks started in a span of time, over all processes of the store: `100/m`, `5/s`, `1000/h`, `10/30s`. */
  rateLimit?: string;
}

/** `name` of the queue to its number of concurrent workers in this process. */
export type WorkerCounts = Record<string, number>;

/** The admin panel and its API. */
export interface AdminOptions {
  /**
   * Slashes at its ends make no difference.
   * @default 'admin/tasks', or 'admin/tasks-<name>' for a module with a name
   */
  path?: string;
  /** Nest guards that decide who may enter. Without one only direct loopback requests are answered. */
  guards?: Array<Type<CanActivate> | CanActivate>;
  /**
   * Refuses every change.
   * @default false
   */
  readOnly?: boolean;
  /**
   * Names, for the audit record, who is behind a request; null where nobody is known.
   * @param request Express's or Fastify's, as the guards leave it
   * @default `request.user`: its email, username, name, id or sub
   */
  user?(request: { user?: unknown }): string | null;
}

/** Which cron methods become durable. `all`: Nest's and the library's own `@Cron`; `own`: only the library's; `false`: none. */
export type CronMode = 'all' | 'own' | false;

/** Where tasks wait that were enqueued in a transaction of the app's own database, when tasks live elsewhere. */
export interface OutboxOptions {
  /** The app's TypeORM DataSource: its name, `default` for the unnamed one; in code the object too. */
  dataSource: string | DataSource;
  /**
   * Create the table `nestjs_tasks_outbox` at boot where it is missing. `false`: the app's own migrations do, with
   * `outboxMigrations`.
   * @default true
   */
  migrate?: boolean;
}

/** Options of `TasksModule.forRoot`; every one may stand in `config/config.yaml` under `tasks`, in snake_case. */
export interface TasksModuleOptions extends TaskSettingsOptions {
  /**
   * Path of the SQLite file, from the working directory; `:memory:` for a store that ends with the process.
   * @default 'data/tasks.db', or 'data/tasks-<name>.db' for a module with a name
   */
  database?: string;
  /** The app's own TypeORM DataSource (its name, `default` for the unnamed one, or the object), to keep tasks in its file. Instead of `database`. */
  dataSource?: string | DataSource;
  /**
   * Where tasks live instead of in a SQLite file: `bullmq({ connection: { host, port } })` for Redis,
   * `bullmq({ postgres: 'postgres://…' })` for PostgreSQL. Instead of `database` and `dataSource`.
   */
  engine?: EngineOption;
  /** Takes `queue(…, { manager })` of a database that tasks do not live in: they wait in a table there. */
  outbox?: OutboxOptions;
  /**
   * SQLite's `synchronous`. `normal` is faster and may lose the last commits when the machine loses power.
   * @default 'full'
   */
  synchronous?: 'full' | 'normal';
  /**
   * Concurrent workers per queue in this process, each from 0 to 10,000; a queue that is not in it has none.
   * A number is taken for every queue; `false` or 0: this process only enqueues.
   * @default { default: 5, emails: 2, imports: 1 }
   */
  workers?: WorkerCounts | number | false;
  queues?: Record<string, QueueOptions>;
  /** @default 'all' */
  cron?: CronMode;
  /** `false`: no panel. */
  admin?: AdminOptions | false;
  /**
   * Most bytes that a task's params may take as JSON, or a size such as `1MiB`, `64KiB`; at most 256 MiB.
   * @default '1MiB'
   */
  maxParamsSize?: number | string;
  /**
   * How long handlers may go on after shutdown began, before their signals are aborted; at most a day.
   * @default '10s'
   */
  shutdownGrace?: Duration;
  /**
   * How long a process may stay silent before its tasks are taken from it: from 100 ms to a day.
   * @default '10s'
   */
  lease?: Duration;
  /**
   * How many attempts of one task may end with the death of its process before the task fails: it may be what kills it.
   * A whole number from 1 to 1,000.
   * @default 5
   */
  maxLostAttempts?: number;
  /** Source of time. Cannot stand in the file. */
  clock?: Clock;
}

/** What identifies one of several modules in one process, beside their options. */
export interface TasksModuleIdentity {
  /**
   * Name of the store, where a process has more than one: a letter, then letters, digits, `_` and `-`.
   * `@InjectTaskDispatcher(name)` injects its dispatcher; its section of the file is `tasks_<name>`, in snake_case.
   * @default 'default'
   */
  name?: string;
  /**
   * Makes the dispatcher injectable in every module of the app.
   * @default true
   */
  global?: boolean;
  /**
   * Path of the configuration file; `false`: read none.
   * @default 'config/config.yaml' where it exists
   */
  configFile?: string | false;
}

export type TasksModuleRootOptions = TasksModuleOptions & TasksModuleIdentity;

/** Implemented by a class given as `useClass` or `useExisting`. */
export interface TasksOptionsFactory {
  createTasksOptions(): TasksModuleOptions | Promise<TasksModuleOptions>;
}

export interface TasksModuleAsyncOptions extends TasksModuleIdentity {
  imports?: NonNullable<import('@nestjs/common').ModuleMetadata['imports']>;
  inject?: Array<InjectionToken | { token: InjectionToken; optional: boolean }>;
  useFactory?: (...dependencies: never[]) => TasksModuleOptions | Promise<TasksModuleOptions>;
  useClass?: Type<TasksOptionsFactory>;
  useExisting?: InjectionToken<TasksOptionsFactory>;
}
