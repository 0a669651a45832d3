import type { TaskDispatcher } from '../queueing/index.js';

/**
 * What a handler knows about the attempt that it is running, and says about it.
 *
 * @publicApi
 */
export interface TaskContext {
  readonly id: string;
  /** The queue that the task is on. */
  readonly queueName: string;
  readonly name: string;
  /** Number of this attempt, 1 for the first. */
  readonly attempt: number;
  /** Attempts that are granted in all, with those added that did not count: `attempt === maxAttempts` is the last one. */
  readonly maxAttempts: number;
  /** When the task was enqueued, in UTC milliseconds. */
  readonly enqueuedAt: number;
  /**
   * Aborted when the task is cancelled, takes longer than its timeout, or the process shuts down; its `reason` is a
   * `TaskAbortedError` that says which. Hand it on to whatever takes a signal (`fetch`, `setTimeout`, queries): a handler
   * that has not ended five seconds later is no longer waited for.
   */
  readonly signal: AbortSignal;
  readonly dispatcher: TaskDispatcher;

  /**
   * Enqueues follow-up work, as a child of this task.
   *
   * @see {@link TaskDispatcher.queue} for what it takes, returns and throws
   */
  readonly queue: TaskDispatcher['queue'];

  /**
   * Says how far the attempt is; the last value wins.
   *
   * @param percent from 0 to 100; a number beyond is taken for the nearest. What is no number leaves the percentage as it was.
   * @param message what is being done, in up to 1,000 characters
   */
  progress(percent: number, message?: string): void;

  /**
   * Adds a line to the attempt's log, which the panel shows. Up to 1,000 lines an attempt and 8,192 characters a line are
   * kept. Values of `@Sensitive()` params are replaced.
   */
  log(message: string): void;
}
