import type { ResolvedAlerts } from './alert-options.js';
import type { DataSource } from 'typeorm';
import type { Clock } from '../clock/index.js';
import type {
  AdminOptions,
  Backoff,
  ContextOptions,
  CronMode,
  CronOverride,
  EngineOption,
  EnhancersMode,
  MetricsOptions,
  OnFailed,
  OutboxOptions,
} from './options.js';
import type { QueueFlow, RateLimit } from '../contract/index.js';
export type { RateLimit } from '../contract/index.js';

/** {@link RetentionOptions} with every value there: milliseconds, or null to keep for ever. */
export interface Retention {
  readonly completed: number | null;
  readonly failed: number | null;
  readonly cancelled: number | null;
  /** Most tasks of a queue that are kept, by state; absent where nothing says so. */
  readonly atMost?: Readonly<Partial<Record<'completed' | 'failed' | 'cancelled', number>>>;
}

/** Settings with every value there and every duration in milliseconds. */
export interface TaskSettings {
  readonly maxRetries: number;
  readonly retryDelay: number;
  readonly backoff: Backoff;
  readonly jitter: number;
  /** Null: no limit. */
  readonly timeout: number | null;
  readonly priority: number;
  readonly retention: Retention;
}

/** One queue of this process with its settings over the defaults. */
export interface QueueConfig {
  readonly name: string;
  /** Concurrent workers here; 0 where this process does not work on the queue. */
  readonly concurrency: number;
  readonly settings: TaskSettings;
  readonly rateLimit: RateLimit | null;
  /** What it lets run over all processes; null where nothing limits it. */
  readonly flow: QueueFlow | null;
  /** Undefined where nothing is said for this queue. */
  readonly onFailed?: OnFailed;
}

/** What stands over the `@Cron` of a name. */
export type CronOverrides = ReadonlyMap<string, CronOverride>;

/** The module's options after the file was read, everything was checked and the defaults were filled in. */
export interface ResolvedConfig {
  /** Name of the store: `default` unless a process has several. */
  readonly name: string;
  /** Null: the embedded one. */
  readonly engine: EngineOption | null;
  readonly database: string | null;
  readonly dataSource: string | DataSource | null;
  readonly outbox: Required<OutboxOptions> | null;
  readonly synchronous: 'full' | 'normal';
  /** Whether the embedded engine runs in a thread of its own where it can. */
  readonly thread: boolean;
  readonly defaults: TaskSettings;
  /** Every queue that a task may be put on, `default` always among them. */
  readonly queues: ReadonlyMap<string, QueueConfig>;
  /** Rate limits that handlers name, over queues and processes. */
  readonly limits: ReadonlyMap<string, RateLimit>;
  /** Concurrent workers here of a queue that only a handler names: what `workers` say about a queue they do not list. */
  readonly handlerQueueConcurrency: number;
  /** Whether workers start with the app. */
  readonly autoStart: boolean;
  readonly cron: CronMode;
  /** By the names of the schedules. */
  readonly crons: CronOverrides;
  readonly enhancers: EnhancersMode;
  readonly context: ContextOptions;
  readonly metrics: boolean | MetricsOptions;
  readonly alerts: ResolvedAlerts | null;
  readonly onFailed: OnFailed;
  readonly admin:
    | (Required<Omit<AdminOptions, 'user' | 'can'>> & {
        user: NonNullable<AdminOptions['user']> | null;
        can: NonNullable<AdminOptions['can']> | null;
      })
    | false;
  /** Bytes. */
  readonly maxParamsSize: number;
  /** Bytes. */
  readonly maxResultSize: number;
  readonly shutdownGrace: number;
  readonly lease: number;
  readonly maxLostAttempts: number;
  /** How long a task waits for a process that knows its name, in milliseconds; null: it fails at once. */
  readonly unknownTasksWait: number | null;
  readonly clock: Clock;
}
