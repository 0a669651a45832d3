import type { TaskAbortedError, TaskError, TaskProgress } from '../../contract/index.js';
import type { StepRecord } from './step-record.js';
import type { NewTask } from './new-task.js';

/** A task that was handed to this process to run: its lease is held until `run` resolves. */
export interface DeliveredTask extends NewTask {
  /** Number of this attempt, 1 for the first. */
  readonly attempt: number;
  /** Earlier attempts that do not count against the retries: lost, snoozed, handed back, before a retry by hand. */
  readonly excusedAttempts: number;
  /** Id of the worker that holds the lease; absent where the engine has no use for it. */
  readonly worker?: string;
}

/** One attempt, as the engine hands it to the runner. */
export interface Delivery {
  readonly task: DeliveredTask;
  /** Why it was aborted: the task was cancelled, the process shuts down or the lease was lost. Null while it was not. */
  readonly aborted: TaskAbortedError | null;
  /** Called by the engine when it aborts the attempt, once; the runner puts it here. Outside of any request's context. */
  onAbort: ((reason: TaskAbortedError) => void) | null;
  /**
   * Called where the handler is not called in the turn in which the attempt was handed over, but later; returns what is to
   * be called once it was. A limit counts the start from then. Absent where the engine counts no starts.
   */
  startsLater?(): () => void;
  /** Stored soon, not at once: the last value wins. */
  progress(progress: TaskProgress): void;
  /** Adds a line to the attempt's log. How many there may be is the caller's to limit. */
  log(message: string): void;
}

/** What a handler returned, where that is kept. */
export interface TaskResult {
  /** As it is, also what is sensitive: for whoever waits for it, and never for a reader. */
  readonly json: string;
  /** Paths in it that must never be shown, as in {@link NewTask.sensitive}; the empty path is all of it. */
  readonly sensitive: readonly string[];
  /** Milliseconds until it is deleted, the task left; null: when the task is. */
  readonly keepFor: number | null;
}

/**
 * How an attempt ended, as the runner tells the engine. `maxAttempts`: as in {@link NewTask}, and stored with the outcome;
 * `keepFor`: milliseconds until retention deletes the task, null: never.
 */
export type Outcome = { readonly maxAttempts: number | null } &
  /** `followUps`: tasks to store by the same commit, see {@link EngineCapabilities.storesWithCompletion}. */
  (
    | {
        readonly kind: 'completed';
        readonly keepFor: number | null;
        readonly result?: TaskResult;
        readonly followUps?: readonly NewTask[];
      }
    | { readonly kind: 'failed'; readonly error: TaskError; readonly keepFor: number | null }
    /** `reason`: its `startBy` was over before it began; no attempt is on record then, and none counted. */
    | {
        readonly kind: 'cancelled';
        readonly error?: TaskError;
        readonly keepFor: number | null;
        readonly reason?: 'expired';
      }
    /**
     * Run again at `at`; an attempt that does not count is recorded as `snoozed`. `closes`: until `at` no other task of this
     * limit starts, null: of its queue, in any process.
     */
    | {
        readonly kind: 'retry';
        readonly at: number;
        readonly error: TaskError;
        readonly countsAttempt: boolean;
        readonly closes?: { readonly limit: string | null };
      }
    /**
     * Runs again when one of `waits` has come; the attempt does not count, and is recorded as `snoozed`. What comes while
     * this is on its way is not missed: the task is available at once then.
     */
    | { readonly kind: 'suspended'; readonly waits: readonly StepRecord[] }
    /** Handed back: available at once, the attempt does not count. */
    | { readonly kind: 'released' }
    /**
     * Left to a process that knows a handler of that name, as if it had not been delivered here; no process is given it for a
     * while. Where none has run it for `wait` milliseconds since it was first left so, it fails with `error`.
     */
    | {
        readonly kind: 'declined';
        readonly wait: number;
        readonly error: TaskError;
        readonly keepFor: number | null;
      }
  );

/** How long an attempt whose signal was aborted is still waited for, in milliseconds. */
export const ABORT_GRACE_MS = 5_000;

/**
 * How long a consumer that is closed waits for outcomes after it has aborted the signals, in milliseconds: a little longer
 * than {@link RunTask} takes to give a handler up, so that what it says of it is stored.
 */
export const CLOSING_GRACE_MS = ABORT_GRACE_MS + 250;

/** Turns a delivery into an outcome. Never rejects, and resolves {@link ABORT_GRACE_MS} after an abort at the latest. */
export type RunTask = (delivery: Delivery) => Promise<Outcome>;

export interface ConsumeOptions {
  /** Most tasks of the queue that run at once in this process. */
  readonly concurrency: number;
  /** Rank among the queues of this process: of two that have work, the higher is served first. */
  readonly priority: number;
  readonly rateLimit: { readonly max: number; readonly per: number } | null;
  /** Limits that queues share, by the names of the tasks that they count; absent where none does. */
  readonly limits?: Readonly<Record<string, { readonly name: string; readonly max: number; readonly per: number }>>;
}

export interface Consumer {
  /**
   * Takes no new task, gives the running ones `grace` milliseconds and aborts the signals of those that are left. These
   * are waited for {@link CLOSING_GRACE_MS} more, and an outcome that comes by then is stored as any other; what has not
   * ended is handed back. Time is the system's.
   */
  close(grace: number): Promise<void>;
}
