import type { TaskTags } from './task-traits.js';

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
export const MAX_RUNNING_LISTED = 100;

/** A task that a process has in hand. */
export interface RunningTask {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  /** Number of the attempt. */
  readonly attempt: number;
  readonly startedAt: number;
  /** Absent where it has none. */
  readonly tags?: TaskTags;
}

/** A process that works on the store, with what it is running. */
export interface WorkerStatus extends WorkerInfo {
  /** The running tasks that began first; at most {@link MAX_RUNNING_LISTED}. */
  readonly running: readonly RunningTask[];
  /** The process that was asked. */
  readonly self: boolean;
}
