/** The workflow of a task. */
export interface TaskWorkflow {
  readonly id: string;
  /** Name of its node. */
  readonly node: string;
  /** A task of the node has added it. */
  readonly added?: true;
  /** Name of the node whose end keeps it from ever running; absent where none does. */
  readonly cause?: string;
}
