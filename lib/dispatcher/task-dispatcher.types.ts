import type { EntityManager } from 'typeorm';
import type { Duration } from '../config/duration.js';
import type { StoredTaskSettings } from '../config/options.js';
import type { RateLimit } from '../config/resolved-config.js';
import type { OutboxDepth, StateCounts, TaskFilter, TaskOrder, TaskSummary } from '../engine/index.js';

/**
 * Maps a task's name to the type of its params. Extend it beside the params class, and a wrong payload does not compile:
 *
 * @example
 * declare module 'nestjs-tasks' {
 *   interface TaskParams { send_email: SendEmailParams }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- empty so that users merge into it
export interface TaskParams {}

/** The params that `name` takes: those of {@link TaskParams} where it is listed there, else any JSON object. */
export type ParamsOf<Name extends string> = Name extends keyof TaskParams ? TaskParams[Name] : object;

export interface QueueTaskOptions extends StoredTaskSettings {
  /** Enqueue within this transaction: the task is there if and only if it commits. */
  manager?: EntityManager;
}

export interface QueueTaskWhenOptions extends QueueTaskOptions {
  /** Earliest start, from now. */
  delay?: Duration;
  /** Earliest start: a date or UTC milliseconds. Instead of `delay`. */
  runAt?: Date | number;
}

/** What a list of tasks is asked for. */
export interface ListTasksQuery extends TaskFilter {
  /**
   * Which tasks come first, by the time of enqueueing. With BullMQ each state is ordered by itself.
   * @default 'newest'
   */
  order?: TaskOrder;
  /** `nextCursor` of the page before, in the same order. */
  cursor?: string;
  /**
   * Most tasks on the page: 1 to 500.
   * @default 50
   */
  limit?: number;
}

export interface TaskList {
  /** In the order that was asked for. */
  items: TaskSummary[];
  /** Where the next page begins; null after the last. May be there although `items` is short: the search goes on. */
  nextCursor: string | null;
}

/** The tasks that a bulk action is for: those named, or all that a filter with at least one criterion finds. */
export interface BulkTarget {
  /** 1 to 10,000. */
  ids?: readonly string[];
  filter?: TaskFilter;
}

/** Settings of a queue as they resolve, fit for JSON: durations in milliseconds, a backoff function as `custom`. */
export interface ShownSettings {
  maxRetries: number;
  retryDelay: number;
  backoff: 'fixed' | 'linear' | 'exponential' | 'custom';
  jitter: number;
  /** Null: no limit. */
  timeout: number | null;
  priority: number;
  /** Milliseconds; null: for ever. */
  retention: { completed: number | null; failed: number | null; cancelled: number | null };
}

/** Milliseconds, estimated from a histogram; null where nothing was measured. */
export interface LatencyEstimate {
  /** From due to started. */
  waitP50: number | null;
  waitP95: number | null;
  /** From started to ended. */
  runP50: number | null;
  runP95: number | null;
}

/** A queue as it stands now. */
export interface QueueStats {
  queue: string;
  counts: StateCounts;
  paused: boolean;
  /** Due time of the task that has waited longest; null where none waits. */
  oldestAvailableAt: number | null;
  /** Whether it belongs to other code: it is shown, and whatever would change it is refused. */
  foreign: boolean;
  /** Whether this process knows the queue; tasks of one that it does not are left from another configuration. */
  configured: boolean;
  /** Workers of this process. */
  concurrency: number;
  /** Workers of all live processes. */
  workers: number;
  settings: ShownSettings;
  rateLimit: RateLimit | null;
  /** Over the last five minutes. */
  rates: { completedPerMinute: number; failedPerMinute: number };
  /** Over the last five minutes. */
  latency: LatencyEstimate;
}

/** Tasks that were committed with the app's rows, and are not in the store yet. */
export interface OutboxStatus {
  /** Whether the module has an outbox. */
  enabled: boolean;
  /** Those with tasks that wait. */
  queues: OutboxDepth[];
}

export interface TaskMetricsQuery {
  /** Default: all queues together. */
  queue?: string;
  /**
   * How far back: up to 30 days.
   * @default '1h'
   */
  window?: Duration;
}

/** What happened in one step of time. */
export interface TaskMetricsPoint extends LatencyEstimate {
  /** Begin of the step, in UTC milliseconds. */
  at: number;
  completed: number;
  failed: number;
  retried: number;
  cancelled: number;
  waitAvg: number | null;
  runAvg: number | null;
}

export interface TaskMetrics {
  /** UTC milliseconds. */
  from: number;
  to: number;
  /** Length of a point's step in milliseconds. */
  step: number;
  /** One for each step, those without any task too. */
  points: TaskMetricsPoint[];
}
