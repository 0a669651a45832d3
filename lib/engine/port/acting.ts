import type { ActionResult, ActionTarget, TaskAction, TaskChange } from '../../contract/index.js';

/** Actions of people on stored tasks and on queues. */
export interface Acting {
  /** Acts on tasks, see {@link ACTION_STATES}; a task that the action does not apply to is refused and left as it is. */
  act(action: TaskAction, target: ActionTarget): Promise<ActionResult>;
  /**
   * Changes a task that waits, see {@link UPDATE_STATES}; one in another state is refused and left as it is. An attempt that
   * begins later sees all of the change. Absent where the engine cannot.
   */
  update?(id: string, change: TaskChange): Promise<ActionResult>;
  /** Starts no more tasks of the queue, in any process, until it is resumed. */
  pauseQueue(queue: string): Promise<void>;
  /** Takes the pause back; nothing happens where there is none. */
  resumeQueue(queue: string): Promise<void>;
}
