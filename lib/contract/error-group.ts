import type { TaskError } from './task.js';

/** The error that a task failed with, as far as grouping goes. */
export interface ErrorOccurrence {
  readonly id: string;
  readonly queue: string;
  /** Name of the task. */
  readonly name: string;
  readonly error: Pick<TaskError, 'name' | 'message'>;
  /** When it failed. */
  readonly at: number;
}

/** Failed tasks of one name, whose errors are of one name and have messages that are alike. */
export interface ErrorGroup {
  /** The key that {@link errorGroupKey} gives for each of them; a filter takes it. */
  readonly key: string;
  /** Name of the tasks. */
  readonly name: string;
  /** The message with `…` where it varies. */
  readonly error: Pick<TaskError, 'name' | 'message'>;
  readonly queues: readonly string[];
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** The task that failed last. */
  readonly sampleId: string;
  /** Errors in each of the last 24 hours of the clock; the last one is the current hour. */
  readonly points: readonly number[];
}

export interface ErrorReport {
  /** The most frequent first. */
  readonly items: readonly ErrorGroup[];
  /** How many failed tasks were looked at. */
  readonly looked: number;
  /** False where there were more. */
  readonly complete: boolean;
}
