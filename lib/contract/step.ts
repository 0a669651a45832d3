/**
 * What a record of a task is of. `step`: a function that was run; `transaction`: one that was run in the transaction of its
 * record; `sleep`, `wait` (for a signal) and `call` (of another task): what a task is suspended for; `save`: its checkpoint.
 */
export const STEP_KINDS = ['step', 'transaction', 'sleep', 'wait', 'call', 'save'] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** What a suspended task waits for. */
export interface StepWait {
  /** When it goes on by itself, in UTC milliseconds; absent where it does not. */
  readonly until?: number;
  /** Names of signals, any of which will do. */
  readonly signals?: readonly string[];
  /** The signal that was taken; absent where none was. */
  readonly signal?: string;
  /** Id of the task that was called. */
  readonly task?: string;
}

/** A durable step of a task, as a reader sees it. Times are UTC milliseconds. */
export interface TaskStep {
  readonly kind: StepKind;
  readonly name: string;
  /** How many steps of that kind and name were begun before it in its attempt. */
  readonly number: number;
  /** Its place in the order in which the steps of the task were recorded. */
  readonly position: number;
  /** Number of the attempt that recorded it. */
  readonly attempt: number;
  readonly startedAt: number;
  /** Null while it is waited for. */
  readonly finishedAt: number | null;
  /** What it gave, with what is sensitive masked; absent while it is waited for, and where it is too large to be listed. */
  readonly result?: unknown;
  /** Its result takes more than {@link MAX_LISTED_STEP_BYTES}. */
  readonly isLarge?: true;
  readonly wait?: StepWait;
}

/** A signal that was sent to a task and not taken yet. */
export interface WaitingSignal {
  readonly name: string;
  readonly sentAt: number;
  /** With what is sensitive masked. */
  readonly payload: unknown;
}

/** Most bytes that a result may take to be listed. */
export const MAX_LISTED_STEP_BYTES = 64 * 1_024;

/** Most steps, and most signals, that {@link TaskSteps} lists. */
export const MAX_STEPS_LISTED = 1_000;

/** The durable steps of a task, for a reader. */
export interface TaskSteps {
  /** In the order in which they were recorded; at most {@link MAX_STEPS_LISTED}, the latest. */
  readonly steps: readonly TaskStep[];
  /** How many there are. */
  readonly total: number;
  /** Not taken yet, the earliest first. */
  readonly signals: readonly WaitingSignal[];
}
