import type { NodeCondition, NodeReason, NodeState } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { IS_STARTING } from './starting-workflows.js';

/** A node, as far as its state goes by it. */
export interface NodeRow {
  readonly seq: number;
  readonly workflow: number;
  readonly queue: string;
  readonly condition: NodeCondition;
  readonly delay: number;
  readonly state: NodeState;
  readonly reason: NodeReason | null;
  readonly waits: number;
  readonly broken: number;
  readonly unmet: number;
  readonly tasks: number;
  readonly open: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Its workflow is being ended, or deleted, or is not stored to its end: nothing of it begins. */
  readonly ending: 'cancelled' | 'deadline' | 'deleted' | 'starting' | null;
  /** Tasks of it are being revived: until they are, it does not go on. */
  readonly reviving: 0 | 1;
  /** What is left of its tasks is being cancelled. */
  readonly cancelling: 0 | 1;
}

export const NODE_COLUMNS = `
  seq, workflow, queue, condition, delay, state, reason, waits, broken, unmet, tasks, open, failed, cancelled,
  (SELECT CASE WHEN ${IS_STARTING} THEN 'starting' WHEN tasks_workflow.state = 'running' OR ending = 'deleted' THEN ending END
     FROM tasks_workflow WHERE tasks_workflow.seq = tasks_node.workflow) AS ending,
  EXISTS (SELECT 1 FROM tasks_node_work WHERE kind IN ('revive', 'revive-all') AND node = tasks_node.seq) AS reviving,
  EXISTS (SELECT 1 FROM tasks_node_work WHERE kind = 'cancel' AND node = tasks_node.seq) AS cancelling`;

export const NODE = `SELECT ${NODE_COLUMNS} FROM tasks_node WHERE seq = ?`;

export const SET_NODE = `UPDATE tasks_node SET state = ?, reason = ?, cause = ? WHERE seq = ?`;

/** What is to be done about a node: from its beginning, where that is under way already. */
export const ADD_WORK = `INSERT OR REPLACE INTO tasks_node_work (kind, node, after) VALUES (?, ?, 0)`;

export const END_WORK = `DELETE FROM tasks_node_work WHERE kind = ? AND node = ?`;

export const GO_ON_WITH_WORK = `UPDATE tasks_node_work SET after = ? WHERE kind = ? AND node = ?`;

/**
 * What may be left to do about a node. `edges`: those that wait for it are told how it stands; `release`: its blocked tasks may
 * run; `cancel`: its tasks are cancelled; `revive`: those that were cancelled because of another node are blocked again,
 * `revive-all`: by whomever they were; `retry`: those that failed run again.
 */
export type NodeWork = 'edges' | 'release' | 'cancel' | 'revive' | 'revive-all' | 'retry';

export function readNode(database: Database, seq: number): NodeRow | undefined {
  return statement<[number], NodeRow>(database, NODE).get(seq);
}

export function addWork(database: Database, kind: NodeWork, node: number): void {
  statement<[string, number]>(database, ADD_WORK).run(kind, node);
}

export function endWork(database: Database, kind: NodeWork, node: number): void {
  statement<[string, number]>(database, END_WORK).run(kind, node);
}
