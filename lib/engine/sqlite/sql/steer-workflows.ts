import type { WorkflowState } from '../../../contract/index.js';
import type { WorkflowAnswer } from '../../port/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { countOnWorkflows, WORKFLOW_LIVES_AGAIN } from './end-workflows.js';
import { setNode } from './judge-nodes.js';
import { addWork, NODE_COLUMNS, type NodeRow } from './node-rows.js';
import { IS_THERE } from './starting-workflows.js';
import { WorkflowCounts } from './workflow-counts.js';

export const FIND_WORKFLOW = `SELECT seq, state FROM tasks_workflow WHERE id = ? AND ${IS_THERE}`;

export const CANCEL_WORKFLOW = `
  UPDATE tasks_workflow SET ending = 'cancelled', walk = 0 WHERE seq = ? AND state = 'running' AND ending IS NULL`;

export const NODES_OF_NAME = `
  SELECT ${NODE_COLUMNS} FROM tasks_node WHERE workflow = ? AND name = ? AND state IN ('failed', 'cancelled')`;

/** What nobody has cancelled by hand. Reads `tasks_node_state`. */
export const NODES_TO_RETRY = `
  SELECT ${NODE_COLUMNS} FROM tasks_node INDEXED BY tasks_node_state
   WHERE workflow = ? AND state IN ('failed', 'cancelled') AND (state = 'failed' OR reason = 'deadline')`;

/** Reads `tasks_node_state`. */
export const NAMES_TO_RETRY = `
  SELECT DISTINCT name FROM tasks_node INDEXED BY tasks_node_state
   WHERE workflow = ? AND state IN ('failed', 'cancelled') LIMIT 20`;

/** Nothing of it begins any more from this commit on; what has not ended is cancelled in chunks. */
export function cancelWorkflow(transaction: Transaction, id: string): WorkflowAnswer {
  const { database } = transaction;
  const workflow = find(database, id);
  if (workflow?.state !== 'running') return { done: false, state: workflow?.state ?? null };
  statement<[number]>(database, CANCEL_WORKFLOW).run(workflow.seq);
  transaction.settles(0);
  return { done: true, state: 'running' };
}

/**
 * Nodes that failed run again, and their tasks that failed with them. One that was cancelled is blocked again, and judged anew:
 * it runs where what it waits for lets it.
 */
export function retryWorkflow(transaction: Transaction, id: string, from: string | null, now: number): WorkflowAnswer {
  const { database } = transaction;
  const workflow = find(database, id);
  if (!workflow) return { done: false, state: null };
  const { seq, state } = workflow;
  const nodes =
    from === null
      ? statement<[number], NodeRow>(database, NODES_TO_RETRY).all(seq)
      : statement<[number, string], NodeRow>(database, NODES_OF_NAME).all(seq, from);
  if (nodes.length === 0) {
    const names = statement<[number], string>(database, NAMES_TO_RETRY).pluck().all(seq);
    return { done: false, state, nodes: names };
  }
  statement<[number, number]>(database, WORKFLOW_LIVES_AGAIN).run(now, seq);
  const judging = { database, counts: new WorkflowCounts() };
  for (const node of nodes) {
    const failed = node.state === 'failed';
    setNode(judging, node, failed ? 'running' : 'blocked');
    addWork(database, failed ? 'retry' : 'revive-all', node.seq);
    addWork(database, 'edges', node.seq);
  }
  countOnWorkflows(transaction, judging, now);
  transaction.settles(0);
  return { done: true, state: 'running' };
}

function find(database: Database, id: string): { readonly seq: number; readonly state: WorkflowState } | undefined {
  return statement<[string], { seq: number; state: WorkflowState }>(database, FIND_WORKFLOW).get(id);
}
