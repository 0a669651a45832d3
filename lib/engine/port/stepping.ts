import type { EntityManager } from 'typeorm';
import type { StepKind, StepWait, TaskState, TaskSteps } from '../../contract/index.js';
import type { DeliveredTask } from './delivery.js';

/** The lease that a record is written under: where it was lost, nothing is written. */
export type StepLease = Pick<DeliveredTask, 'id' | 'queue' | 'attempt' | 'worker'>;

/** What a step is known by, in every attempt of its task. */
export interface StepPlace {
  readonly kind: StepKind;
  readonly name: string;
  readonly number: number;
}

/** A step as it stands on record. */
export interface StepRecord extends StepPlace {
  readonly position: number;
  /** JSON; null while it is waited for. */
  readonly result: string | null;
  /** Paths in the result that must never be shown. */
  readonly sensitive: readonly string[];
  readonly wait: StepWait | null;
  readonly startedAt: number;
  readonly finishedAt: number | null;
}

/** Some of a task's steps, in the order of their places. */
export interface StepPage {
  readonly steps: readonly StepRecord[];
  /** Whether more come after the last. */
  readonly more: boolean;
}

/** Durable steps of tasks, and the signals that they wait for. Absent where the engine cannot. */
export interface Stepping {
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
  /** The steps of a task, for a reader; null where there is no task of that id. */
  list(id: string): Promise<TaskSteps | null>;
}

/** What became of a call that was about a task's steps; `state` is that of the task, null where there is none of that id. */
export interface StepAnswer {
  readonly done: boolean;
  readonly state: TaskState | null;
}
