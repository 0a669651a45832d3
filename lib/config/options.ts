import type { DataSource } from 'typeorm';
import type { CanActivate, InjectionToken, Type } from '@nestjs/common';
import type { Clock } from '../clock/index.js';
import type { EngineOption } from '../engine/kinds/index.js';
import type { AuditAction, CarriedContext, Duration, FailureTarget, TaskTags } from '../contract/index.js';

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

/** How long, and how many, ended tasks of a queue are kept. */
export interface KeptTasks {
  /** `false`: as long as there are no more than `count`. */
  age?: Duration | false;
  /** Most of the queue that are kept, those that ended last: a whole number from 0 to 1,000,000,000. Absent: any number. */
  count?: number;
}

/** {@link RetentionOptions} of a queue, or of all queues: a number of tasks, too. */
export interface QueueRetentionOptions {
  /** @default '7d' */
  completed?: Duration | false | KeptTasks;
  /** @default '30d' */
  failed?: Duration | false | KeptTasks;
  /** @default '7d' */
  cancelled?: Duration | false | KeptTasks;
}

/** Settings of tasks that stand on a queue, or in the module's defaults. */
export interface QueueSettingsOptions extends Omit<TaskSettingsOptions, 'retention'> {
  retention?: QueueRetentionOptions;
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

/** Settings of one task, given when it is enqueued. A function cannot be stored, so `backoff` is one of the names. */
export interface StoredTaskSettings extends Omit<TaskSettingsOptions, 'backoff'> {
  backoff?: Exclude<Backoff, BackoffFunction>;
}

/** How the tasks of a queue share slots by their key. The embedded engine has them. */
export interface QueueKeyOptions {
  /**
   * Most tasks of one key that are ready or run, over all processes of the store: from 1 to 10,000. The others are held, and
   * come one by one as those end.
   * @default any number
   */
  concurrency?: number;
  /**
   * Most tasks of one key that start in a span of time, over all processes of the store: `100/m`, `5/s`, `10/30s`.
   * @default any number
   */
  rateLimit?: string;
  /**
   * By key, with `fair`: how many turns it has while others have one, a whole number from 1 to 1,000.
   * @default 1 for each
   */
  weights?: Record<string, number>;
}

/** Settings of one queue, over the module's defaults. */
export interface QueueOptions extends QueueSettingsOptions {
  /**
   * Concurrent workers of this queue in this process, from 0 to 10,000; the same as its entry in `workers`, which wins
   * over it, as do a number and `false` given as `workers`.
   */
  concurrency?: number;
  /** Slots for the tasks of each key, which they are given when they are enqueued or by their handler. */
  key?: QueueKeyOptions;
  /**
   * Keys take turns: one that has 100,000 tasks does not keep the ten of another waiting. Tasks without a key take turns with
   * them as if they had one together.
   * @default false: in the order of their arrival
   */
  fair?: boolean;
  /**
   * Most tasks of the queue that run, over all processes of the store: from 1 to 10,000.
   * @default as many as the processes have workers
   */
  globalConcurrency?: number;
  /** Most tasks started in a span of time, over all processes of the store: `100/m`, `5/s`, `1000/h`, `10/30s`. */
  rateLimit?: string;
  /** See {@link TasksModuleOptions.onFailed}; over the module's, and under the handler's. */
  onFailed?: OnFailed;
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
  /** Nest guards that decide who may enter. Without one, {@link access} does. */
  guards?: Array<Type<CanActivate> | CanActivate>;
  /**
   * Who may enter where there are no guards. `key`: direct loopback requests that have the panel's key, which the app logs
   * with the panel's address when it starts. `local`: every direct loopback request; a web server on the same machine
   * makes everybody's requests look like that.
   * @default 'key'
   */
  access?: 'key' | 'local';
  /**
   * Metadata of the panel's controller and handlers, for the app's global guards, as `@SetMetadata()` sets it:
   * `{ isPublic: true }` for one that looks for it. Cannot stand in the file.
   * @default {}
   */
  metadata?: Record<string | symbol, unknown>;
  /**
   * Origins under which browsers reach the panel, such as `https://tasks.example.com`: for a proxy that changes `Host`.
   * Where there are some, a `Host` that is another domain is refused (DNS rebinding).
   * @default []: the origin of the request's `Host`
   */
  origins?: string[];
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
  /**
   * Whether somebody may see or do something, beside the guards that let them in: so that one panel serves several teams.
   * Lists, figures and the stream of changes have what may be seen, and nothing else. Cannot stand in the file.
   * @param request Express's or Fastify's, as the guards leave it
   * @param about of which queue and name of tasks, as far as there is one
   * @default everybody may do everything
   */
  can?(request: { user?: unknown }, action: AdminAction, about: AdminAbout): boolean | Promise<boolean>;
}

/** A route where Prometheus reads the metrics. */
export interface MetricsOptions {
  /** Such as `metrics`; slashes at its ends make no difference. */
  path: string;
  /** Nest guards that decide who may read it. Without one, {@link access} does. Cannot stand in the file. */
  guards?: Array<Type<CanActivate> | CanActivate>;
  /**
   * Who may read it where there are no guards. `panel`: whom the admin panel lets in, by its guards, or by its key as a
   * bearer token on direct loopback requests; `open`: everybody who reaches it.
   * @default 'panel'
   */
  access?: 'panel' | 'open';
}

/** What `admin.can` is asked for: to see tasks, queues, crons and figures, to see the audit record, or to make a change. */
export type AdminAction = 'see' | 'see-audit' | AuditAction;

/** What an {@link AdminAction} is about. */
export interface AdminAbout {
  /** Absent for what is of no queue. */
  readonly queue?: string;
  /** Name of tasks; absent for what is of a queue as a whole. */
  readonly name?: string;
  /** Tags of the one task, empty where it has none; absent for what is not of one task, as counts and figures. */
  readonly tags?: TaskTags;
}

/** What is looked for, one of `latency`, `failed`, `noWorkers` and `stuck`. Paused queues are left out. */
export interface AlertRule {
  /**
   * Name of the queue.
   * @default each queue of the configuration, for itself
   */
  queue?: string;
  /** The oldest due task has waited for longer. */
  latency?: Duration;
  /** More than a share of the tasks that ended within a span failed for good: `10%/5m`. */
  failed?: string;
  /**
   * How many tasks must have ended within the span of `failed`: a single failure at night is no share.
   * @default 20
   */
  atLeast?: number;
  /** Tasks have been due for so long, and no live process has workers for their queue. */
  noWorkers?: Duration;
  /** Tasks have been due for so long, there are workers, nothing holds the tasks back, and none runs. */
  stuck?: Duration;
}

/** Rules over a store's figures, and the task that is enqueued where one is broken, and when that is over. */
export interface AlertsOptions {
  /**
   * Name of the task, whose params are `TaskAlertParams`; with its queue, where its handler is in another process.
   */
  task: string | FailureTarget;
  /**
   * How often each process looks. An alert is raised, and cleared, after two looks that say the same.
   * @default '30s'
   */
  every?: Duration;
  /** By names of your own. */
  rules: Record<string, AlertRule>;
}

/** See {@link TasksModuleOptions.unknownTasks}. */
export type UnknownTasks = 'wait' | 'fail' | { wait: Duration };

/** Which cron methods become durable. `all`: Nest's and the library's own `@Cron`; `own`: only the library's; `false`: none. */
export type CronMode = 'all' | 'own' | false;

/** Which of Nest's enhancers apply to handlers: those on the handler's class and method, or the app's global ones as well. */
export type EnhancersMode = 'own' | 'all';

/**
 * The task to enqueue when a task fails for good: its name, or its name and queue where this process has no handler of it.
 * `false`: none, whatever is said further out.
 */
export type OnFailed = string | FailureTarget | false;

/** What tasks carry from where they are enqueued to where they run. */
export interface ContextOptions {
  /**
   * Says, where a task is enqueued, what it is to carry: a plain object that JSON can hold, of at most 4 KiB with what the task
   * carries whose handler enqueues it; null or undefined: nothing. It is stored with the task and shown: ids, never secrets.
   */
  carry?(): CarriedContext | null | undefined;
  /**
   * Surrounds each attempt: enters what the task carries, calls `next` once, and returns what that returns.
   * @param carried what {@link carry} said, empty where the task carries nothing
   * @param next calls the handler
   */
  run?(carried: CarriedContext, next: () => unknown): unknown;
}

/** What stands over the `@Cron` of a name; what is left out is as the decorator has it. */
export interface CronOverride {
  /** When it ticks, as `@Cron` takes it. */
  expression?: string;
  /** An IANA name, such as `Europe/Paris`; it takes the place of an offset too. */
  timeZone?: string;
  /** Whether it does not tick. */
  disabled?: boolean;
}

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
export interface TasksModuleOptions extends QueueSettingsOptions {
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
   * Runs the embedded engine in a thread of its own, so that the app's event loop waits for no statement and no disk.
   * Where it cannot (tasks in `:memory:` or in the app's own DataSource, a `clock` of the app), it runs in the app's thread.
   * @default true
   */
  thread?: boolean;
  /**
   * Concurrent workers per queue in this process, each from 0 to 10,000; a queue that is not in it has none.
   * A number is taken for every queue; `false` or 0: this process only enqueues. Where it is not given, `default` and each
   * queue that `queues`, a handler or a cron method names has 5.
   * @default 5
   */
  workers?: WorkerCounts | number | false;
  queues?: Record<string, QueueOptions>;
  /**
   * Whether workers start with the app. `false`: when `TaskDispatcher.start()` or `work()` is called.
   * @default true
   */
  autoStart?: boolean;
  /**
   * Rate limits by name, such as `{ stripe: '100/s' }`: each is shared, over queues and processes, by the tasks of all
   * handlers that name it (`@TaskHandler('charge', { limit: 'stripe' })`). A name is as one of a queue.
   */
  limits?: Record<string, string>;
  /** @default 'all' */
  cron?: CronMode;
  /**
   * Which interceptors, filters, guards and pipes apply to handlers. `own`: those on the handler's class and method;
   * `all`: the app's global ones, and those of a controller that has handlers, too. See docs/enhancers.md.
   * @default 'own'
   */
  enhancers?: EnhancersMode;
  /**
   * Name of the task that is enqueued when a task fails for good, in the commit of the failure: once for each, whatever it
   * failed by. Its params are `TaskFailureParams`; its own failure enqueues nothing.
   * @default none
   */
  onFailed?: OnFailed;
  /**
   * Counts what this process does from the boot on, for `TasksMetrics`; without it the counting begins with the first scrape.
   * With a path there is a route with the metrics, too.
   * @default false
   */
  metrics?: boolean | MetricsOptions;
  /** What somebody is to be told of: a task that is enqueued once for all processes. See docs/alerts.md. */
  alerts?: AlertsOptions;
  /** What tasks carry, such as the id of the request that they come from. Cannot stand in the file. */
  context?: ContextOptions;
  /** Expression, zone and `disabled` of single cron schedules, by their names, over what their `@Cron` says. */
  crons?: Record<string, CronOverride>;
  /** `false`: no panel. */
  admin?: AdminOptions | false;
  /**
   * Most bytes that a task's params may take as JSON, or a size such as `1MiB`, `64KiB`; at most 256 MiB.
   * @default '1MiB'
   */
  maxParamsSize?: number | string;
  /**
   * Most bytes that the result of a task may take as JSON, where its handler keeps one, or a size such as `64KiB`; at most 256 MiB.
   * @default '1MiB'
   */
  maxResultSize?: number | string;
  /**
   * How long handlers may go on after shutdown began, before their signals are aborted; at most a day. They have five
   * seconds more to react.
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
  /**
   * What becomes of a task whose name this process has no handler for. `wait`: it is left to a process that has one, for a
   * day; `{ wait: '2h' }`: for so long; then it fails. `fail`: it fails at once.
   * @default 'wait'
   */
  unknownTasks?: UnknownTasks;
  /** Source of time. Cannot stand in the file. */
  clock?: Clock;
}

/** The identity of one of several modules in one process, beside its options. */
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
