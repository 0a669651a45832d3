import type { NodeCondition } from '../../../contract/index.js';

/** Tasks of nodes that one waits for, so many that it notes them itself: for more it asks the workflow. */
export const MAX_NOTED = 100;

/** A node that another one waits for, with its tasks. */
export interface AwaitedNode {
  /** Its place. */
  readonly place: number;
  readonly name: string;
  readonly queue: string;
  readonly ids: readonly string[];
}

/** What a task notes that waits for others. */
export interface FlowNotes {
  readonly when: NodeCondition;
  /** Place of its node. */
  readonly place: number;
  /** Absent where there are more than {@link MAX_NOTED} tasks of them. Those without a task have completed, and are left out. */
  readonly awaited?: readonly AwaitedNode[];
}
