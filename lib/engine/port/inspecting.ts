import type {
  ErrorReport,
  MetricPoint,
  MetricsQuery,
  PageRequest,
  QueueDepth,
  StoreCondition,
  Task,
  TaskError,
  TaskFilter,
  TaskPage,
  TaskSummary,
  WorkerInfo,
  WorkerStatus,
} from '../../contract/index.js';

/** How a task stands, for whoever waits for its end. */
export interface AwaitedTask extends Pick<TaskSummary, 'id' | 'queue' | 'name' | 'state' | 'reason'> {
  /** The error of the last attempt that ended with one, with its stack, once the task has failed; else null. */
  readonly error: TaskError | null;
  /** What its handler returned, as JSON and as it is; null where none is kept, or it has not completed. */
  readonly result: string | null;
}

/** An answer to {@link Inspecting.awaited}. */
export interface AwaitedTasks {
  readonly tasks: readonly AwaitedTask[];
  /** How many of the ids were looked at, from the first on; at least one. */
  readonly looked: number;
}

/** Questions about a store's tasks, queues and workers. No method changes anything. */
export interface Inspecting {
  /** The task with its attempts and logs; null where there is none of that id. */
  get(id: string): Promise<Task | null>;
  /** The tasks of `ids` that are stored, in the order of `ids`; for a few tasks that something else names. */
  summaries(ids: readonly string[]): Promise<readonly TaskSummary[]>;
  /**
   * How the tasks of `ids` that are stored stand, in the order of `ids`. Never for a reader: a result is given as it is.
   * Results may be large, so the engine may look at the first of `ids` alone.
   */
  awaited(ids: readonly string[]): Promise<AwaitedTasks>;
  /** One page of the tasks that meet `filter`. @throws InvalidArgumentError for a cursor that is none */
  list(filter: TaskFilter, page: PageRequest): Promise<TaskPage>;
  /** Failed tasks in groups, by what they failed with; the newest 10,000 at most are looked at. */
  errorGroups(query: { readonly queue?: string; readonly name?: string }): Promise<ErrorReport>;
  /** Every queue that has tasks or is paused. */
  queues(): Promise<readonly QueueDepth[]>;
  /** What the store is kept in, and the tasks that each process which came by them has left to others. */
  condition(): Promise<StoreCondition>;
  /** The live processes that work on the store. */
  workers(): Promise<readonly WorkerInfo[]>;
  /** As {@link workers}, with what each process is running. */
  workersAtWork(): Promise<readonly WorkerStatus[]>;
  /** A point for each minute (or each step, where the query has one), queue and, where the engine counts by it, name of tasks that had any. */
  metrics(query: MetricsQuery): Promise<readonly MetricPoint[]>;
}
