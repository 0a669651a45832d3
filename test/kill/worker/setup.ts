import type { TasksModuleRootOptions } from '../../../lib/config/index.js';

/** What a worker process is told, as JSON in its first argument. */
export interface WorkerSetup {
  /** Of the process, in the ledger. */
  readonly name: string;
  /** Path of the ledger. */
  readonly ledger: string;
  readonly options: TasksModuleRootOptions;
}

/** What a worker process tells its parent. */
export type WorkerMessage = 'ready';

/** Params of the tasks that the worker handles. */
export interface WorkerTasks {
  quick: Record<string, never>;
  /** Awaits for `ms`, and stops when its signal is aborted. */
  wait: { ms: number };
  /** Keeps the CPU busy for `ms`: timers, promises and I/O of its process stand still. */
  block: { ms: number };
  /** Throws in its first `failures` attempts, of the `retries + 1` that it is granted. */
  fail: { failures: number; retries: number };
  /** Ends its process at once. */
  die: Record<string, never>;
  /** Enqueues a `quick` task. */
  spawn: Record<string, never>;
  /** Leaves two tasks on a queue of which nobody works to its own completion, and returns the id of the first. */
  follow: Record<string, never>;
}
