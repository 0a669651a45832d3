import type {
  Duration,
  OutboxDepth,
  QueueFlow,
  RateLimit,
  StateCounts,
  TaskFilter,
  TaskOrder,
  TaskState,
  TaskSummary,
} from '../contract/index.js';

/** The question that a list of tasks answers. */
export interface ListTasksQuery extends TaskFilter {
  /** The same as `state`. */
  states?: readonly TaskState[];
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
  /** How many tasks were looked at to find them: where little is found, how far the search has come. */
  looked: number;
  /** Where the next page begins; null after the last. May be there although `items` is short: the search goes on. */
  nextCursor: string | null;
}

/**
 * The tasks that a bulk action is for: those named, or all that a filter with at least one criterion finds, which stands in
 * `filter` or beside nothing else.
 */
export interface BulkTarget extends TaskFilter {
  /** 1 to 10,000. */
  ids?: readonly string[];
  filter?: TaskFilter;
  /** The same as `state`. */
  states?: readonly TaskState[];
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

/** A change of what a queue lets run, for all processes, until it is taken back; null: as the configuration says. */
export interface QueueChange {
  /** Of each key: most tasks that are ready or run, from 1 to 10,000, and most that start in a span of time. */
  key?: { concurrency?: number | null; rateLimit?: string | null };
  /** Workers of each process that has any of the queue, from 1 to 10,000; what runs is not interrupted. */
  concurrency?: number | null;
  /** Most tasks of the queue that run, from 1 to 10,000. */
  globalConcurrency?: number | null;
  /** Most tasks started in a span of time, over all processes: `100/m`, `5/s`, `10/30s`. */
  rateLimit?: string | null;
}

export interface KeysQuery {
  /** The `next` of an earlier page. */
  after?: string;
  /**
   * From 1 to 500.
   * @default 50
   */
  limit?: number;
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
  /** Workers of this process, as they were set at run time or else as its options say. */
  concurrency: number;
  /** Workers of all live processes. */
  workers: number;
  settings: ShownSettings;
  /** As it was set at run time, or else as the configuration says. */
  rateLimit: RateLimit | null;
  /** What may run over all processes, as it was set at run time or else as the configuration says; null where nothing limits it. */
  flow: QueueFlow | null;
  /** Over the last five minutes. */
  rates: { completedPerMinute: number; failedPerMinute: number };
  /** Over the last five minutes. */
  latency: LatencyEstimate;
}

/** Tasks that were committed with the app's rows, and are not in the store yet. */
export interface OutboxStatus {
  /** Whether the module has an outbox. */
  enabled: boolean;
  /** Queues with tasks that wait. */
  queues: OutboxDepth[];
}

export interface TaskMetricsQuery {
  /** Default: all queues together. */
  queue?: string;
  /** Default: tasks of all names. Engines that do not count by name have none: see `nameMetrics`. */
  name?: string;
  /** Also a series for each queue, or each name of tasks. */
  by?: 'queue' | 'name';
  /**
   * Also the histograms of each point, for a picture of how times are spread.
   * @default false
   */
  histograms?: boolean;
  /**
   * How far back: up to 30 days.
   * @default '1h'
   */
  window?: Duration;
}

/** Counts and times of one step of time. */
export interface TaskMetricsPoint extends LatencyEstimate {
  /** Begin of the step, in UTC milliseconds. */
  at: number;
  completed: number;
  failed: number;
  retried: number;
  cancelled: number;
  waitAvg: number | null;
  runAvg: number | null;
  /** What the slowest took at most. */
  waitMax: number | null;
  runMax: number | null;
  /** Tasks by how long they waited: `[n]` those that took less than 2^n milliseconds and not less than half of it; only where asked for. */
  waitHistogram?: readonly number[];
  /** As {@link waitHistogram}, by how long they ran. */
  runHistogram?: readonly number[];
}

/** One queue, or one name of tasks, in steps of the same window. */
export interface TaskMetricsSeries {
  key: string;
  completed: number[];
  failed: number[];
  waitP95: Array<number | null>;
  runP95: Array<number | null>;
}

export interface TaskMetrics {
  /** UTC milliseconds. */
  from: number;
  to: number;
  /** Length of a point's step in milliseconds. */
  step: number;
  /** One for each step, those without any task too. */
  points: TaskMetricsPoint[];
  /** Those with most tasks first; absent unless asked for. */
  series?: TaskMetricsSeries[];
}
