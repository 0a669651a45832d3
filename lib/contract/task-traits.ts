import type { UniqueClaim } from './unique-claim.js';
import type { TaskWorkflow } from './task-workflow.js';
import type { FailureTarget } from './failure-target.js';

/** Names with values by which tasks are found and acted on, such as `{ customer: '42' }`. */
export type TaskTags = Readonly<Record<string, string>>;

/** What a task carries from where it was enqueued to where it runs, by the option `context`: a plain JSON object. */
export type CarriedContext = Readonly<Record<string, unknown>>;

/**
 * `expired`: it had not started by `startBy`, and was cancelled; `deadline`: `deadlineAt` came while it waited, and it failed;
 * `condition`: what its node of a workflow waits for has ended so that it can never run, see `workflow.cause`, and it was
 * cancelled.
 */
export type LapseReason = 'expired' | 'deadline' | 'condition';

/** Most waits that {@link WaitingFor} names. */
export const MAX_WAITS_SHOWN = 10;

/** What a suspended task waits for, any of which has it go on. Times are UTC milliseconds. */
export interface WaitingFor {
  /** Since when it is suspended. */
  readonly since: number;
  /** When it goes on at the latest; absent where it waits for as long as it takes. */
  readonly until?: number;
  /** The first {@link MAX_WAITS_SHOWN} of `total`. */
  readonly waits: ReadonlyArray<{
    readonly kind: 'sleep' | 'wait' | 'call';
    /** Of the step. */
    readonly name: string;
    readonly until?: number;
  }>;
  readonly total: number;
}

/** The step of another task that waits for this one, see `task.call`. */
export interface Caller {
  /** Id of the task. */
  readonly task: string;
  readonly step: string;
  readonly number: number;
}

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
  /** Whose slots it shares with other tasks of its queue; empty where it only takes its turn with those that have a key. */
  readonly key?: string;
  /** Version of the params, as its handler numbers them; 1 where it is absent. */
  readonly version?: number;
  /** It has recorded durable steps. */
  readonly steps?: true;
  /** What it carries from where it was enqueued. */
  readonly context?: CarriedContext;
  /** The key that it holds, or has held, alone among the tasks of its queue and name. */
  readonly unique?: UniqueClaim;
  /** The task that is enqueued when this one fails for good. */
  readonly onFailed?: FailureTarget;
  /** The step that called it; absent where none did. */
  readonly caller?: Caller;
  /** How often it was retried by hand since it has steps; absent where it was not. */
  readonly generation?: number;
  /** What it waits for; absent where it is not suspended. */
  readonly waitingFor?: WaitingFor;
  /** The workflow that it is a part of; absent where it is of none. */
  readonly workflow?: TaskWorkflow;
  /** Why the store ended the task by itself; absent where it did not. */
  readonly reason?: LapseReason;
}
