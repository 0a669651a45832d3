/** Names with values by which tasks are found and acted on, such as `{ customer: '42' }`. */
export type TaskTags = Readonly<Record<string, string>>;

/** `expired`: it had not started by `startBy`, and was cancelled; `deadline`: `deadlineAt` came while it waited, and it failed. */
export type LapseReason = 'expired' | 'deadline';

/**
 * What few tasks have. Each fact is absent where the task has none of it, so that a plain task costs nothing for it. Times
 * are UTC milliseconds.
 */
export interface TaskTraits {
  /** When the task is cancelled, with the reason `expired`, unless it has started. */
  readonly startBy?: number;
  /** When the task fails with a `DeadlineError` unless it has ended. */
  readonly deadlineAt?: number;
  readonly tags?: TaskTags;
  /** Version of the params, as its handler numbers them; 1 where it is absent. */
  readonly version?: number;
  /** Why the store ended the task by itself; absent where it did not. */
  readonly reason?: LapseReason;
}
