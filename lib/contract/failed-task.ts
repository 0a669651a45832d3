import type { TaskError } from './task.js';

/** A task that has failed for good, as its `onFailed` task is told. */
export interface FailedTask {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  /** Number of its last attempt; 0 where it failed before the first. */
  readonly attempt: number;
  /** In UTC milliseconds. */
  readonly failedAt: number;
}

/** Params of an `onFailed` task. */
export interface TaskFailure {
  readonly task: FailedTask;
  /** What it failed with, as it is stored with it. */
  readonly error: TaskError;
}
