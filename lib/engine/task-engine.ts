import type { EntityManager } from 'typeorm';
import type { Clock } from '../clock/index.js';
import type { FailureReport } from './failure-groups.js';
import type { Task, TaskError, TaskProgress, TaskState, TaskSummary } from './task.js';

/** A task to store. `state` follows from `runAt`: `scheduled` when it is in the future, else `available`. */
export interface NewTask {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  /** JSON text. */
  readonly params: string;
  readonly priority: number;
  readonly runAt: number;
  readonly createdAt: number;
  /** Null where this process does not know the handler: the first attempt decides. */
  readonly maxAttempts: number | null;
  /** Settings given for this one task, as JSON text; null where there were none. */
  readonly settings: string | null;
  /** Paths in params that must never be shown, as `user.password` or `cards[].number`; empty where there are none. */
  readonly sensitive: readonly string[];
  /** The task whose handler enqueued it. */
  readonly parentId?: string | null;
}

/** A task that was handed to this process to run: its lease is held until `run` resolves. */
export interface DeliveredTask extends NewTask {
  /** Number of this attempt, 1 for the first. */
  readonly attempt: number;
  /** Earlier attempts that do not count against the retries: lost, snoozed, handed back, before a retry by hand. */
  readonly excusedAttempts: number;
}

/** Why a delivery's signal was aborted; the signal's `reason`. */
export type AbortCause = 'cancelled' | 'shutdown' | 'lease-lost' | 'timeout';

export class TaskAbortedError extends Error {
  override readonly name = 'TaskAbortedError';

  constructor(
    readonly reason: AbortCause,
    message: string,
  ) {
    super(message);
  }
}

/** One attempt, as the engine hands it to the runner. */
export interface Delivery {
  readonly task: DeliveredTask;
  /** Aborted with a {@link TaskAbortedError} when the task was cancelled, the process shuts down or the lease was lost. */
  readonly signal: AbortSignal;
  /**
   * Calls `listener`, at most one, with the signal's reason when it is aborted, at once where it is already. An engine that
   * has this makes a signal only when somebody asks for it: most handlers never do, and a signal costs more than a call.
   */
  whenAborted?(listener: (reason: unknown) => void): void;
  /** Stored soon, not at once: the last value wins. */
  progress(progress: TaskProgress): void;
  log(message: string): void;
}

/** How an attempt ended, as the runner tells the engine. `keepFor`: milliseconds until retention deletes the task; null: never. */
export type Outcome = { readonly maxAttempts: number } & (
  | { readonly kind: 'completed'; readonly keepFor: number | null }
  | { readonly kind: 'failed'; readonly error: TaskError; readonly keepFor: number | null }
  | { readonly kind: 'cancelled'; readonly error?: TaskError; readonly keepFor: number | null }
  /** Run again at `at`; an attempt that does not count is recorded as `snoozed`. */
  | { readonly kind: 'retry'; readonly at: number; readonly error: TaskError; readonly countsAttempt: boolean }
  /** Handed back: available at once, the attempt does not count. */
  | { readonly kind: 'released' }
);

/** Turns a delivery into an outcome. Never rejects. */
export type RunTask = (delivery: Delivery) => Promise<Outcome>;

export interface ConsumeOptions {
  /** Most tasks of the queue that run at once in this process. */
  readonly concurrency: number;
  /** Rank among the queues of this process: of two that have work, the higher is served first. */
  readonly priority: number;
  readonly rateLimit: { readonly max: number; readonly per: number } | null;
}

export interface Consumer {
  /**
   * Takes no new task, gives the running ones `grace` milliseconds, aborts the signals of those that are left, and hands
   * back at once what has not ended then.
   */
  close(grace: number): Promise<void>;
}

export interface TaskFilter {
  readonly state?: TaskState;
  readonly queue?: string;
  readonly name?: string;
  /** Text that the id, the params or an error contain. */
  readonly search?: string;
  /** Enqueued at this time or later, in UTC milliseconds. */
  readonly from?: number;
  /** Enqueued before this time. */
  readonly to?: number;
  /** Failed, with an error of this group: {@link FailureGroup.key}. */
  readonly error?: string;
}

/** By the time of enqueueing, or as {@link EngineCapabilities.listOrder} has it. */
export const TASK_ORDERS = ['newest', 'oldest'] as const;
export type TaskOrder = (typeof TASK_ORDERS)[number];

export interface PageRequest {
  /** `nextCursor` of the page before, which was asked for in the same order. */
  readonly cursor?: string;
  readonly limit: number;
  /** Default: the newest first. */
  readonly order?: TaskOrder;
}

export interface TaskPage {
  readonly items: readonly TaskSummary[];
  /** Where the next page begins; null after the last. May be there although `items` is short: the search goes on. */
  readonly nextCursor: string | null;
}

export type StateCounts = Readonly<Record<TaskState, number>>;

export interface QueueDepth {
  readonly queue: string;
  readonly counts: StateCounts;
  readonly paused: boolean;
  /** Due time of the task that has waited longest, null where none waits. */
  readonly oldestAvailableAt: number | null;
  /** It belongs to other code: it is shown, and whatever would change it is refused with a `ForeignQueueError`. */
  readonly foreign?: boolean;
}

/** Committed tasks of one queue that wait in the app's database to be handed over to the store. */
export interface OutboxDepth {
  readonly queue: string;
  readonly waiting: number;
  /** When the first of them was enqueued. */
  readonly oldestAt: number;
}

/** A process that works on the store. */
export interface WorkerInfo {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: number;
  /** Queue to number of concurrent workers. */
  readonly queues: Readonly<Record<string, number>>;
}

/** Most running tasks that a {@link WorkerStatus} lists. */
export const MOST_RUNNING_LISTED = 100;

/** A task that a process has in hand. */
export interface RunningTask {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  /** Number of the attempt. */
  readonly attempt: number;
  readonly startedAt: number;
}

/** A process that works on the store, with what it is running. */
export interface WorkerStatus extends WorkerInfo {
  /** Those that began first; at most {@link MOST_RUNNING_LISTED}. */
  readonly running: readonly RunningTask[];
  /** The process that was asked. */
  readonly self: boolean;
}

/** Counters of one queue over one span of time. */
export interface MetricPoint {
  readonly at: number;
  readonly queue: string;
  readonly completed: number;
  readonly failed: number;
  readonly retried: number;
  readonly cancelled: number;
  /** From due to started, in milliseconds: sum, and histogram by power of two (`[n]`: tasks that took less than 2^n). */
  readonly waitTotal: number;
  readonly waitHistogram: readonly number[];
  /** From started to ended. */
  readonly runTotal: number;
  readonly runHistogram: readonly number[];
}

export interface MetricsQuery {
  readonly queue?: string;
  readonly from: number;
  readonly to: number;
}

export type TaskAction = 'retry' | 'cancel' | 'run-now' | 'delete';

/** The states that each action applies to. `cancel` of a running task aborts its signal; its worker then ends it. */
export const ACTION_STATES: Readonly<Record<TaskAction, readonly TaskState[]>> = {
  retry: ['failed', 'cancelled', 'retryable'],
  cancel: ['scheduled', 'available', 'retryable', 'running'],
  'run-now': ['scheduled', 'retryable'],
  delete: ['scheduled', 'available', 'retryable', 'completed', 'failed', 'cancelled'],
};

/** Most refusals that an {@link ActionResult} lists. */
export const MOST_REFUSED_LISTED = 1_000;

export type ActionTarget = { readonly ids: readonly string[] } | { readonly filter: TaskFilter };

export interface ActionResult {
  readonly changed: number;
  /** Named tasks that were left as they are; `state` is null where there is none of that id. At most 1,000 are listed. */
  readonly refused: ReadonlyArray<{ readonly id: string; readonly state: TaskState | null }>;
}

/** What happens to ticks that no process was there to see. `once`: one run for all; `all`: one each; `skip`: none. */
export type CatchUp = 'once' | 'all' | 'skip';

/** A cron schedule and the task that each tick enqueues. */
export interface Schedule {
  readonly name: string;
  /** A cron expression of five or six fields, or an ISO date for a single run. */
  readonly expression: string;
  /** IANA name, or null for the time zone of the process. */
  readonly timeZone: string | null;
  /** Minutes from UTC, instead of a time zone. */
  readonly utcOffset: number | null;
  readonly queue: string;
  readonly task: string;
  /** JSON text. */
  readonly params: string;
  readonly priority: number;
  readonly maxAttempts: number | null;
  readonly settings: string | null;
  readonly catchUp: CatchUp;
  /** Ticks that are late by more than this many milliseconds are not run; null: however late. */
  readonly threshold: number | null;
  /** False: a tick is left out while a task of the schedule's task name has not ended, and missed ones are not made up for together. */
  readonly overlap: boolean;
  /** Disabled in code: it does not tick, whatever the panel says. */
  readonly disabled: boolean;
  /** `code`: from a decorator, written anew at each boot; `runtime`: added by a call. */
  readonly source: 'code' | 'runtime';
}

/** Runs that a schedule remembers. */
export const MOST_LAST_RUNS = 5;

export interface ScheduleStatus extends Schedule {
  readonly paused: boolean;
  readonly nextRunAt: number | null;
  readonly lastRunAt: number | null;
  /** The task of the last tick. */
  readonly lastTaskId: string | null;
  /** The tasks of the last runs, by ticks and by hand, the newest first; at most {@link MOST_LAST_RUNS}. */
  readonly lastTaskIds: readonly string[];
}

/** What somebody did through the panel. */
export type AuditAction =
  TaskAction | 'enqueue' | 'pause-queue' | 'resume-queue' | 'trigger-cron' | 'pause-cron' | 'resume-cron';

/** Entries of the audit record that are kept: the newest. */
export const MOST_AUDIT_ENTRIES = 10_000;

/** One change that somebody made. */
export interface AuditEntry {
  readonly at: number;
  /** Null where the app does not tell who it was. */
  readonly who: string | null;
  readonly action: AuditAction;
  /** Id of a task, name of a queue or a schedule, or the ids or the filter of many tasks as text. */
  readonly target: string;
  /** How many tasks, queues or schedules. */
  readonly changed: number;
}

export interface AuditPage {
  /** The newest first. */
  readonly items: readonly AuditEntry[];
  readonly nextCursor: string | null;
}

/** Something that changed, for whoever shows it live. `queue` is null where it is not known (another process did it). */
export interface EngineChange {
  readonly queue: string | null;
  readonly taskIds: readonly string[];
}

/** What an engine can do beyond what every engine does. What one cannot do is refused, or said where it is asked for. */
export interface EngineCapabilities {
  /** Whose time tasks come due by: that of {@link EngineContext.clock}, or the system's. */
  readonly clock: 'injected' | 'system';
  /** {@link ConsumeOptions.priority} decides between the queues of a process. */
  readonly queueRank: boolean;
  /** Lists are ordered by the time of enqueueing over all states, or by state and the time at which tasks came into it. */
  readonly listOrder: 'created' | 'state';
  /** {@link MetricPoint} has retried and cancelled attempts, waiting and running times; else those are 0 and empty. */
  readonly latencyMetrics: boolean;
  /** Tasks of one queue that ended alike may be kept for different times. */
  readonly retentionPerTask: boolean;
  /** Of an attempt whose process died, worker and start are known. */
  readonly lostAttemptTimes: boolean;
  /** Of tasks of one priority, the one goes first that was enqueued first, or that became available first. */
  readonly queueOrder: 'created' | 'available';
  /** A cancelled task that is retried keeps its attempts and their count; else it begins anew. */
  readonly keepsCancelledAttempts: boolean;
}

/**
 * The one port between the library and a store. An engine stores, schedules and delivers, answers questions and carries
 * out actions. It knows nothing of handlers, validation or HTTP.
 *
 * Every method that writes resolves when the change is durable, and rejects with a `StoreError` when it could not be.
 */
export interface TaskEngine {
  /** `sqlite`, … */
  readonly kind: string;
  readonly capabilities: EngineCapabilities;

  /** Connects, brings the schema up to date and starts the engine's own duties. Rejects when the store cannot be used. */
  open(): Promise<void>;
  /** Ends the duties and disconnects. Consumers are closed first. */
  close(): Promise<void>;

  /**
   * Stores tasks, all or none. One whose id is stored already is left as it is, so tasks may be handed over again by
   * whoever does not know whether the first time was lost.
   * @param within the caller's transaction, in which they are stored: they become visible when it commits.
   * @throws ForeignManagerError when `within` belongs to another database
   */
  enqueue(tasks: readonly NewTask[], within?: EntityManager): Promise<void>;

  /**
   * Notes, for the processes that do not know the handlers, which params of which tasks are never shown.
   * @param paths by the task's name, as in {@link NewTask.sensitive}; an empty list takes a note back
   */
  noteSensitive(paths: ReadonlyMap<string, readonly string[]>): Promise<void>;

  /** Delivers tasks of `queue` to `run` until the consumer is closed, the highest priority first, then the oldest. */
  consume(queue: string, options: ConsumeOptions, run: RunTask): Promise<Consumer>;

  get(id: string): Promise<Task | null>;
  /** Those of `ids` that there are, in their order; for a few tasks that something else names. */
  summaries(ids: readonly string[]): Promise<readonly TaskSummary[]>;
  /** @throws InvalidArgumentError for a cursor that is none */
  list(filter: TaskFilter, page: PageRequest): Promise<TaskPage>;
  /** Failed tasks in groups, by what they failed with: the newest {@link MOST_FAILURES_LOOKED_AT} at most. */
  failures(query: { readonly queue?: string; readonly name?: string }): Promise<FailureReport>;
  /** Every queue that has tasks or is paused. */
  queues(): Promise<readonly QueueDepth[]>;
  workers(): Promise<readonly WorkerInfo[]>;
  /** As {@link workers}, with what each of them is running. */
  workersAtWork(): Promise<readonly WorkerStatus[]>;
  /** A point for each minute and queue that had any. */
  metrics(query: MetricsQuery): Promise<readonly MetricPoint[]>;

  /** See {@link ACTION_STATES}; what does not apply is refused and left as it is. */
  act(action: TaskAction, target: ActionTarget): Promise<ActionResult>;
  pauseQueue(queue: string): Promise<void>;
  resumeQueue(queue: string): Promise<void>;

  /**
   * Adds or replaces a schedule. Its next run is kept where expression and zone are unchanged, so that ticks missed
   * while no process was there are seen.
   */
  saveSchedule(schedule: Schedule): Promise<void>;
  /** Resolves to false where there is none of that name. */
  removeSchedule(name: string): Promise<boolean>;
  schedules(): Promise<readonly ScheduleStatus[]>;
  /** Resolves to false where there is none of that name. */
  setSchedulePaused(name: string, paused: boolean): Promise<boolean>;
  /** Enqueues a run now, beside the ticks. Resolves to the task's id, or null where there is no schedule of that name. */
  triggerSchedule(name: string): Promise<string | null>;

  /** Adds to the record of what people changed; of more than {@link MOST_AUDIT_ENTRIES} entries the oldest are dropped. */
  noteAudit(entry: AuditEntry): Promise<void>;
  /** @throws InvalidArgumentError for a cursor that is none */
  audit(page: { readonly cursor?: string; readonly limit: number }): Promise<AuditPage>;

  /** What waits to be handed over; an engine that has no outbox has no such method. */
  outbox?(): Promise<readonly OutboxDepth[]>;

  /** Calls `listener` after changes, soon but not for each one. Returns what ends it. */
  watch(listener: (change: EngineChange) => void): () => void;
}

/** What an engine is given by the library around it. */
export interface EngineContext {
  readonly clock: Clock;
  readonly logger: EngineLogger;
  /** Milliseconds that a task is kept when the engine itself ends it (cancelled while waiting, lost too often); null: for ever. */
  keepFor(queue: string, state: 'failed' | 'cancelled'): number | null;
  /** The first time after `after` that the schedule ticks; null: never again. */
  nextRun(schedule: Pick<Schedule, 'expression' | 'timeZone' | 'utcOffset'>, after: number): number | null;
  /** Params with what stands at the sensitive paths replaced: the only form in which an engine gives params to a reader. */
  mask(params: unknown, sensitive: readonly string[]): unknown;
  /** Makes a task's id. */
  newId(): string;
}

export interface EngineLogger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string, stack?: string): void;
}
