import type { ConsumeOptions, DeliveredTask, Outcome, RunTask } from './delivery.js';
import type { TaskEngine } from './task-engine.js';

/** An attempt that has ended, and is stored. */
export interface HandFedAttempt {
  readonly task: DeliveredTask;
  readonly outcome: Outcome;
}

/** Delivery one task at a time, when it is asked for: for tests, in which nothing is to happen by itself. */
export interface ByHand {
  /**
   * Delivers the task that is served next among the queues, and resolves when its outcome is stored; to null where none is
   * due. Several calls at once are given different tasks.
   */
  runNext(queues: ReadonlyMap<string, ConsumeOptions>, run: RunTask): Promise<HandFedAttempt | null>;
  /** Resolves when nothing is under way, or about to begin, of what the engine does by itself at the present time. */
  settled(): Promise<void>;
  /** Deletes all tasks with what is on record of them, the pauses, and the schedules that no code declares. */
  clear(): Promise<void>;
}

/** An engine that can be asked for one task at a time. */
export interface HandFedEngine extends TaskEngine {
  readonly byHand: ByHand;
}
