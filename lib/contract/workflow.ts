import type { TaskState } from './task.js';
import type { TaskTags } from './task-traits.js';

/** Every state of a workflow's node, in the order of its life. `sql/judge-nodes.ts` has what moves it from one to the next. */
export const NODE_STATES = [
  'blocked',
  'running',
  'completed',
  'failed',
  'cancelled',
] as const satisfies readonly TaskState[];
export type NodeState = (typeof NODE_STATES)[number];

export const WORKFLOW_STATES = ['running', 'completed', 'failed', 'cancelled'] as const;
export type WorkflowState = (typeof WORKFLOW_STATES)[number];

/**
 * How those that a node waits for must have ended. `completed`: all of them; `failed`: at least one has failed, once all have
 * ended; `ended`: in whatever way.
 */
export const NODE_CONDITIONS = ['completed', 'failed', 'ended'] as const;
export type NodeCondition = (typeof NODE_CONDITIONS)[number];

/** `one`: a task; `each`: one for each of many rows. A task of either may add others, which count as the node's. */
export type NodeKind = 'one' | 'each';

/**
 * Why a node was cancelled. `condition`: what it waits for has ended so that it can never run, see `cause`; `cancelled`: somebody
 * cancelled the workflow; `deadline`: that of the workflow was over.
 */
export type NodeReason = 'condition' | 'cancelled' | 'deadline';

/** How far a workflow is. */
export interface WorkflowProgress {
  readonly id: string;
  readonly name: string;
  readonly state: WorkflowState;
  /** Of its tasks, those that have ended: 0 to 100. */
  readonly percent: number;
  /** Nodes by state. */
  readonly nodes: Readonly<Record<NodeState, number>>;
  readonly tasks: { readonly total: number; readonly ended: number };
}

/** A workflow as a list shows it. Times are UTC milliseconds. */
export interface WorkflowSummary extends WorkflowProgress {
  readonly tags?: TaskTags;
  readonly createdAt: number;
  readonly finishedAt: number | null;
  /** When what has not ended of it is cancelled, and it has failed; null where it has all the time. */
  readonly deadlineAt: number | null;
  /** Why it ended, or is being ended, before its nodes did; absent where they end by themselves. */
  readonly reason?: 'cancelled' | 'deadline';
}

/** A node of a workflow, for a reader. */
export interface WorkflowNode {
  /** Its place in the order in which the nodes were added, from 0. */
  readonly number: number;
  readonly name: string;
  readonly kind: NodeKind;
  readonly queue: string;
  /** Name of its tasks. */
  readonly task: string;
  readonly state: NodeState;
  readonly when: NodeCondition;
  /** Numbers of the nodes that it waits for; at most {@link MAX_EDGES_SHOWN}. */
  readonly after: readonly number[];
  /** How many it waits for in all. */
  readonly waitsFor: number;
  readonly tasks: { readonly total: number; readonly ended: number; readonly failed: number };
  /** Id of its first task; null where it has none. */
  readonly taskId: string | null;
  readonly reason?: NodeReason;
  /** Name of the node whose end keeps it from ever running; absent where none does. */
  readonly cause?: string;
}

export const MAX_NODES_LISTED = 1_000;
export const MAX_EDGES_SHOWN = 20;

export interface Workflow extends WorkflowSummary {
  /** In the order in which they were added; at most {@link MAX_NODES_LISTED}, those that failed or run before others. */
  readonly listed: readonly WorkflowNode[];
}

export interface WorkflowPage {
  /** The newest first. */
  readonly items: readonly WorkflowSummary[];
  /** For the next page; null where this is the last. */
  readonly next: string | null;
}
