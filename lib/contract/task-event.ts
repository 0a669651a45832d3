import type { TaskError } from './task.js';

/** What a listener is told of, see `@OnTaskEvent`. */
export type TaskEventKind = 'completed' | 'failed' | 'retried' | 'cancelled' | 'lost';

export const TASK_EVENT_KINDS: readonly TaskEventKind[] = ['completed', 'failed', 'retried', 'cancelled', 'lost'];

/**
 * What happened to a task, and is stored by now.
 *
 * @publicApi
 */
export interface TaskEvent {
  readonly event: TaskEventKind;
  readonly task: {
    readonly id: string;
    readonly queue: string;
    readonly name: string;
    /** Number of the last attempt; 0 where there was none. */
    readonly attempt: number;
  };
  /** What it failed with, is retried after or was cancelled with, as it is stored: it says nothing that is sensitive. */
  readonly error?: TaskError;
}
