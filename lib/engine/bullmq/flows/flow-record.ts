import type { NodeCondition, NodeKind, TaskTags, WorkflowProgress } from '../../../contract/index.js';
import type { TaskJob } from '../task-job.js';
import { paramsOf } from '../stored-job.js';

/** Name of the job that a workflow is. */
export const FLOW = 'workflow';

/** A node as its workflow's job has it. */
export interface FlowNode {
  readonly name: string;
  readonly kind: NodeKind;
  readonly queue: string;
  /** Name of its tasks. */
  readonly task: string;
  readonly when: NodeCondition;
  /** Places of those that it waits for. */
  readonly after: readonly number[];
  /** Place of the one that waits for it; null where none does. */
  readonly follower: number | null;
  /** Of its tasks, in the order in which they were given. */
  readonly ids: readonly string[];
}

/**
 * What the job of a workflow holds. It stands in a queue of its own and is the BullMQ parent of the last nodes, so that BullMQ
 * itself says when the workflow has ended.
 */
export interface FlowRecord {
  readonly name: string;
  readonly tags: TaskTags | null;
  readonly deadlineAt: number | null;
  readonly nodes: readonly FlowNode[];
}

/** What the job of a workflow returned: how it has ended. */
export interface FlowEnd {
  readonly progress: Pick<WorkflowProgress, 'state' | 'nodes' | 'tasks'>;
  readonly ending: 'cancelled' | 'deadline' | null;
  readonly finishedAt: number;
  /** Null: for ever. */
  readonly keepUntil: number | null;
}

export function flowRecordIn(job: TaskJob): FlowRecord {
  return JSON.parse(paramsOf(job)) as FlowRecord;
}

/** Null where it has not ended, or nobody has noted that yet. */
export function flowEndIn({ returnvalue }: TaskJob): FlowEnd | null {
  return (returnvalue as FlowEnd | null | undefined) ?? null;
}

/** Nodes with those first that others wait for. */
export function inOrder(nodes: ReadonlyArray<Pick<FlowNode, 'after' | 'follower'>>): number[] {
  const waits = nodes.map(({ after }) => after.length);
  const free = waits.flatMap((count, place) => (count === 0 ? [place] : []));
  // Grows as it is gone through.
  for (const place of free) {
    const { follower } = nodes[place]!;
    if (follower !== null && (waits[follower]! -= 1) === 0) free.push(follower);
  }
  return free;
}
