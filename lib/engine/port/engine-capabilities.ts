/** Abilities that not every engine has. An engine refuses what it cannot do, or says so where it is asked for. */
export interface EngineCapabilities {
  /** The clock that tasks come due by: {@link EngineContext.clock}, or the system's. */
  readonly clock: 'injected' | 'system';
  /** {@link ConsumeOptions.priority} decides between the queues of a process. */
  readonly queueRank: boolean;
  /** Lists are ordered by the time of enqueueing over all states, or by state and the time at which tasks came into it. */
  readonly listOrder: 'created' | 'state';
  /** {@link MetricPoint} has retried and cancelled attempts, waiting and running times; else those are 0 and empty. */
  readonly latencyMetrics: boolean;
  /** Whether metrics are counted by the names of tasks too. */
  readonly nameMetrics: boolean;
  /** Tasks of one queue that ended alike may be kept for different times. */
  readonly retentionPerTask: boolean;
  /**
   * Two tasks of one id are refused in all of the store, or in each queue: then two calls at the same moment that name two
   * queues may both store one, while of two calls one after the other the second finds what the first has stored.
   */
  readonly uniqueIds: 'store' | 'queue';
  /** The order of tasks of one priority: enqueued first, or available first. */
  readonly queueOrder: 'created' | 'available';
  /** A cancelled task that is retried keeps its attempts and their count; else it begins anew. */
  readonly keepsCancelledAttempts: boolean;
  /** Tasks may have a time by which they must have started (`startBy`) or ended (`deadlineAt`). */
  readonly lapses: boolean;
  /** Tasks may have a key: those of one key share slots, and keys take turns ({@link QueueFlow}). */
  readonly keys: boolean;
  /** A queue may have a limit of what runs in all processes together. */
  readonly globalConcurrency: boolean;
  /** Rate limits may be shared by name, over queues: {@link ConsumeOptions.limits}. */
  readonly namedLimits: boolean;
  /** New tasks may be stored by the commit that ends an attempt as completed, or not at all. */
  readonly storesWithCompletion: boolean;
  /**
   * Where there are workflows, their nodes may wait for each other in any way, their tasks may add others, and what has failed may
   * run again; else a workflow is a tree, each of whose nodes one other may wait for, and what has ended of it stays so.
   */
  readonly wholeWorkflows: boolean;
  /** Tasks may have a claim on a key that one task holds at a time ({@link TaskTraits.unique}). */
  readonly uniqueKeys: boolean;
  /**
   * What keeps a queue from having this name, and what would be right, worded to follow the name; null where nothing does.
   * Absent where each name will do that the library's grammar allows.
   */
  queueNameProblem?(queue: string): string | null;
}

/** What an engine can that declares nothing: its own capabilities are these and what it can beyond them. */
export const NO_CAPABILITIES: EngineCapabilities = {
  clock: 'system',
  queueRank: false,
  listOrder: 'state',
  latencyMetrics: false,
  nameMetrics: false,
  retentionPerTask: false,
  uniqueIds: 'queue',
  queueOrder: 'available',
  keepsCancelledAttempts: false,
  lapses: false,
  keys: false,
  globalConcurrency: false,
  namedLimits: false,
  storesWithCompletion: false,
  wholeWorkflows: false,
  uniqueKeys: false,
};
