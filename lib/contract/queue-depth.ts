import type { QueueFlow } from './queue-flow.js';
import type { TaskState } from './task.js';

export type StateCounts = Readonly<Record<TaskState, number>>;

export interface QueueDepth {
  readonly queue: string;
  readonly counts: StateCounts;
  readonly paused: boolean;
  /** Due time of the task that has waited longest, null where none waits. */
  readonly oldestAvailableAt: number | null;
  /** It belongs to other code: it is shown, and whatever would change it is refused with a `ForeignQueueError`. */
  readonly foreign?: boolean;
  /** What the queue lets run as it was set at run time, over what the configuration says; absent where nothing was set. */
  readonly set?: QueueFlow;
}

/** Committed tasks of one queue that wait in the app's database to be handed over to the store. */
export interface OutboxDepth {
  readonly queue: string;
  readonly waiting: number;
  /** When the first of them was enqueued. */
  readonly oldestAt: number;
  /** How many the store has refused for good, as the log says; they are tried again at the next boot. Absent where none were. */
  readonly setAside?: number;
}
