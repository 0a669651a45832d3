import type { EntityManager } from 'typeorm';
import type { TaskState, TaskSteps } from '../../contract/index.js';
import type { DeliveredTask } from './delivery.js';
import type { StepPlace, StepRecord } from './step-record.js';

/** The lease that a record is written under: where it was lost, nothing is written. */
export type StepLease = Pick<DeliveredTask, 'id' | 'queue' | 'attempt' | 'worker'>;

/** Some of a task's steps, in the order of their places. */
export interface StepPage {
  readonly steps: readonly StepRecord[];
  /** Whether more come after the last. */
  readonly more: boolean;
}

/** How much one task may have on record. */
export interface StepBounds {
  /** Steps. */
  readonly steps: number;
  /** Of the results of all its steps together, as JSON in UTF-8. */
  readonly bytes: number;
}

/** Durable steps of tasks, and the signals that they wait for. Absent where the engine cannot. */
export interface Stepping {
  /** Absent where the engine keeps as much of a task as the library lets it have. */
  readonly bounds?: StepBounds;
  /** The steps of a task that come after a place; null: from the first on. */
  read(lease: StepLease, after: StepPlace | null): Promise<StepPage>;
  /** Records a step, in the place of one that stands at its place. Resolves to false where the lease was lost. */
  record(lease: StepLease, step: StepRecord): Promise<boolean>;
  /**
   * Calls `run` within a transaction of the app's database, and records what it gives in that same transaction. Resolves to
   * false where the lease was lost: `run` was not called then, or what it did was taken back.
   * @throws StepsNotSupportedError where the tasks are not in a database of the app
   */
  transact(lease: StepLease, place: StepPlace, run: (manager: EntityManager) => Promise<StepRecord>): Promise<boolean>;
  /**
   * Takes the earliest signal of those that `wait` is for, and records that. Resolves to the record, or to null where there is
   * none of them or the lease was lost. Each signal is taken once.
   */
  take(lease: StepLease, wait: StepRecord): Promise<StepRecord | null>;
  /**
   * Sends a signal to a task that has not ended. One that waits for it takes it, and goes on; else it is kept until the task
   * asks for it.
   */
  signal(id: string, signal: NewSignal): Promise<StepAnswer>;
  /**
   * Forgets a step of a task that is to be retried, and all that was recorded after it, and retries the task. `step` is the
   * first one of that name; it is not done where there is none.
   */
  retryFrom(id: string, step: string): Promise<StepAnswer>;
  /** The steps of a task, for a reader; null where there is no task of that id. */
  list(id: string): Promise<TaskSteps | null>;
}

/** A signal on its way to a task. */
export interface NewSignal {
  readonly name: string;
  /** JSON. */
  readonly payload: string;
  /** Paths in the payload that must never be shown. */
  readonly sensitive: readonly string[];
}

/** What became of a call that was about a task's steps; `state` is that of the task, null where there is none of that id. */
export interface StepAnswer {
  readonly done: boolean;
  readonly state: TaskState | null;
  /** Id of the task that holds its unique key, where that is why. */
  readonly holder?: string;
}
