import type { TaskBlock, TaskHold } from './queue-flow.js';
import type { TaskTraits } from './task-traits.js';

/** Every state of a task, in the order of its life. `docs/model.md` has who moves it from one to the next. */
export const TASK_STATES = [
  'blocked',
  'scheduled',
  'available',
  'held',
  'running',
  'suspended',
  'retryable',
  'completed',
  'failed',
  'cancelled',
] as const;

export type TaskState = (typeof TASK_STATES)[number];

/** A count of nothing for each state, to fill in. */
export function noTasks(): Record<TaskState, number> {
  return Object.fromEntries(TASK_STATES.map((state) => [state, 0])) as Record<TaskState, number>;
}

/** States that a task does not leave by itself. */
export const ENDED_STATES = ['completed', 'failed', 'cancelled'] as const satisfies readonly TaskState[];

/** Whether a task in this state does not leave it by itself. */
export function hasEnded(state: TaskState): state is (typeof ENDED_STATES)[number] {
  return (ENDED_STATES as readonly TaskState[]).includes(state);
}

/**
 * How an attempt ended. `retried`: failed, another follows; `lost`: its process died; `snoozed`: the handler asked for
 * another time without using up the attempt; `released`: handed back by a shutdown.
 */
export type AttemptOutcome = 'completed' | 'retried' | 'failed' | 'cancelled' | 'lost' | 'snoozed' | 'released';

/** The error that an attempt ended with, as it is stored. */
export interface TaskError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

export interface TaskAttempt {
  /** 1 for the first. */
  readonly attempt: number;
  /** Id of the process that ran it. */
  readonly worker: string;
  readonly startedAt: number;
  /** Null while it runs. */
  readonly finishedAt: number | null;
  readonly outcome: AttemptOutcome | null;
  readonly error?: TaskError;
}

export interface TaskLog {
  readonly at: number;
  readonly attempt: number;
  readonly message: string;
}

export interface TaskProgress {
  /** 0 to 100. */
  readonly percent: number;
  readonly message?: string;
}

/** A task as a list shows it. All times are UTC milliseconds. */
export interface TaskSummary extends TaskTraits {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly state: TaskState;
  /** As they were given, parsed from JSON; null with `paramsUnreadable` where the stored text is no JSON. */
  readonly params: unknown;
  readonly paramsUnreadable?: true;
  readonly priority: number;
  /** Number of the current or last attempt; 0 before the first. */
  readonly attempt: number;
  /** Attempts that are granted in all; those that did not count (lost, snoozed) are added. Null where no process has said yet. */
  readonly maxAttempts: number | null;
  readonly runAt: number;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly progress: TaskProgress | null;
  /** The error of the last attempt that ended with one. */
  readonly error: TaskError | null;
  /**
   * Since when it waits for a process that knows a handler of its name; absent where none of those that came by it has left
   * it to another. See the option `unknownTasks`.
   */
  readonly unhandledSince?: number;
}

/** Tasks that {@link Task.children} lists. */
export const MAX_CHILDREN_LISTED = 50;

/** A task that a handler enqueued. */
export type ChildTask = Pick<TaskSummary, 'id' | 'name' | 'queue' | 'state' | 'tags'>;

/** A task, as the call that was to enqueue it is answered. */
export interface EnqueuedTask extends Task {
  /**
   * Whether this call enqueued it. False where a task of its id was there already, or one holds its key: then this is that
   * one, as it stands.
   */
  readonly enqueued: boolean;
}

export interface Task extends TaskSummary {
  readonly attempts: readonly TaskAttempt[];
  readonly logs: readonly TaskLog[];
  /** The task whose handler enqueued it; null where none did. It may be gone. */
  readonly parentId: string | null;
  /** The tasks that its handler enqueued, the earliest first; at most {@link MAX_CHILDREN_LISTED}. */
  readonly children: readonly ChildTask[];
  /** Why it is held; absent where it is not. */
  readonly hold?: TaskHold;
  /** What keeps it from starting though it is available; absent where nothing does that a worker has found. */
  readonly block?: TaskBlock;
  /**
   * Id of the task that holds its unique key now, which may be this one; null where none does. Absent where it has no key.
   */
  readonly keyHolder?: string | null;
  /**
   * What its handler returned, with what is sensitive masked; absent where none is kept. `result()` has the value itself.
   */
  readonly result?: unknown;
}
