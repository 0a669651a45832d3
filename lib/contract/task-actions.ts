import type { TaskState } from './task.js';
import type { TaskFilter } from './task-filter.js';

export type TaskAction = 'retry' | 'cancel' | 'run-now' | 'delete';

/** The states that each action applies to. `cancel` of a running task aborts its signal; its worker then ends it. */
export const ACTION_STATES: Readonly<Record<TaskAction, readonly TaskState[]>> = {
  retry: ['failed', 'cancelled', 'retryable'],
  cancel: ['blocked', 'scheduled', 'available', 'held', 'retryable', 'suspended', 'running'],
  'run-now': ['scheduled', 'retryable'],
  delete: ['scheduled', 'available', 'held', 'retryable', 'suspended', 'completed', 'failed', 'cancelled'],
};

/** The states in which a task can be changed: it has not begun, or waits for its next attempt. */
export const UPDATE_STATES = ['scheduled', 'available', 'held', 'retryable'] as const satisfies readonly TaskState[];

/** What is to change of a task; the rest stays as it is. */
export interface TaskChange {
  /** In UTC milliseconds. */
  readonly runAt?: number;
  readonly priority?: number;
  /** JSON text, with the paths that are never shown, and the version as the handler numbers it. */
  readonly params?: { readonly json: string; readonly sensitive: readonly string[]; readonly version: number };
}

/** Most refusals that an {@link ActionResult} lists. */
export const MAX_REFUSED_LISTED = 1_000;

export type ActionTarget = { readonly ids: readonly string[] } | { readonly filter: TaskFilter };

/** A task that an action has left as it is. */
export interface RefusedTask {
  readonly id: string;
  /** Null where there is none of that id. */
  readonly state: TaskState | null;
  /** Id of the task that holds its unique key, where that is what is in the way. */
  readonly holder?: string;
  /** Id of its workflow that has not ended, where that is what is in the way. */
  readonly workflow?: string;
}

export interface ActionResult {
  readonly changed: number;
  /** Named tasks that were left as they are. At most 1,000 are listed. */
  readonly refused: readonly RefusedTask[];
}
