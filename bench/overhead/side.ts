/** One of the two that are compared, on a store of its own. */
export interface Side {
  enqueue(index: number): Promise<void>;
  enqueueMany(indices: readonly number[]): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** How many tasks stand in the queue, whatever became of them. */
  count(): Promise<number>;
  close(): Promise<void>;
}

export interface SideOptions {
  /** Whether params are checked by class-validator where they are enqueued and again where they are handled. */
  readonly validated: boolean;
  readonly port: number;
  /** First part of its keys. */
  readonly prefix: string;
  /** Tasks that run at once; 0: it only enqueues. */
  readonly concurrency: number;
  /** Called for each task as it runs, with the index that it was given. */
  onRun(index: number): void;
}

/** How long both keep what completed, and what failed, in seconds: the library's defaults. */
export const KEEP_COMPLETED_S = 7 * 24 * 60 * 60;
export const KEEP_FAILED_S = 30 * 24 * 60 * 60;
