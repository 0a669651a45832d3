import { hasEnded, type NodeReason, type NodeState } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { addWork, endWork, type NodeRow, SET_NODE } from './node-rows.js';
import type { WorkflowCounts } from './workflow-counts.js';

/** Of one node, by its number. Stops at the first. */
export const HAS_LIVE_TASK = `
  SELECT 1 FROM tasks_node_task JOIN tasks_task ON seq = task
   WHERE node = ? AND state NOT IN ('completed', 'failed', 'cancelled')
   LIMIT 1`;

/** Where nodes are judged: all that it changes is in one transaction. */
export interface Judging {
  readonly database: Database;
  readonly counts: WorkflowCounts;
}

/**
 * Judges a node of which tasks have ended, or live again.
 *
 *     running   ──its last task has ended──────────────────> completed | failed | cancelled
 *     blocked   ──all its tasks were ended by hand or time──> failed | cancelled
 *     cancelled ──its last task is cancelled───────────────> (those that wait for it are told)
 *     ended     ──one of its tasks is retried──────────────> running
 *
 * @param revived whether more of its tasks live than before
 */
export function judgeTasks(judging: Judging, node: NodeRow, revived: boolean): void {
  const isOver = node.open === 0;
  if (hasEnded(node.state)) {
    if (revived && !isOver) setNode(judging, node, 'running');
    else if (!isOver || node.state !== 'cancelled') return;
    addWork(judging.database, 'edges', node.seq);
    return;
  }
  if (!isOver || node.tasks === 0 || node.reviving) return;
  end(judging, node);
}

/**
 * Judges a node of which those that it waits for have ended, or live again.
 *
 *     blocked   ──its condition holds──────────────────> running; completed, where it has no task
 *               ──it can hold no longer────────────────> cancelled, for the reason `condition`
 *     cancelled ──for that reason, and it can hold again──> blocked
 *
 * @param cause `seq` of one that it waits for, and that has ended
 */
export function judgeNode(judging: Judging, node: NodeRow, cause: number | null): void {
  const { database } = judging;
  if (node.state === 'cancelled' && node.reason === 'condition' && mayRun(node)) {
    setNode(judging, node, 'blocked');
    endWork(database, 'cancel', node.seq);
    addWork(database, 'revive', node.seq);
    addWork(database, 'edges', node.seq);
  }
  if (node.state !== 'blocked' || node.reviving || node.ending !== null) return;
  if (!mayRun(node)) cancelNode(judging, node, 'condition', cause);
  else if (canRun(node)) release(judging, node);
}

/** What is left of a node is cancelled, and it never runs. */
export function cancelNode(judging: Judging, node: NodeRow, reason: NodeReason, cause: number | null): void {
  setNode(judging, node, 'cancelled', reason, cause);
  addWork(judging.database, node.open > 0 ? 'cancel' : 'edges', node.seq);
}

/** The tasks of a node are blocked again. Where somebody had cancelled each, it stays cancelled. */
export function judgeRevived(judging: Judging, node: NodeRow): void {
  const live = statement<[number]>(judging.database, HAS_LIVE_TASK).get(node.seq);
  if (node.tasks > 0 && !live) {
    setNode(judging, node, 'cancelled');
    addWork(judging.database, 'edges', node.seq);
  } else judgeNode(judging, node, null);
}

/** The tasks of a node that failed run again. Where somebody has deleted each of them, it has failed as before. */
export function judgeRetried(judging: Judging, node: NodeRow): void {
  if (!statement<[number]>(judging.database, HAS_LIVE_TASK).get(node.seq)) judgeTasks(judging, node, false);
}

export function setNode(
  { database, counts }: Judging,
  node: NodeRow,
  state: NodeState,
  reason: NodeReason | null = null,
  cause: number | null = null,
): void {
  statement<[string, string | null, number | null, number]>(database, SET_NODE).run(state, reason, cause, node.seq);
  counts.moved(node.workflow, node.queue, node.state, state);
}

function release(judging: Judging, node: NodeRow): void {
  if (node.tasks === 0) {
    setNode(judging, node, 'completed');
    addWork(judging.database, 'edges', node.seq);
  } else {
    setNode(judging, node, 'running');
    addWork(judging.database, 'release', node.seq);
  }
}

function end(judging: Judging, node: NodeRow): void {
  const state = node.failed > 0 ? 'failed' : node.cancelled > 0 ? 'cancelled' : 'completed';
  const reason = state === 'cancelled' && node.reason !== 'condition' ? node.reason : null;
  setNode(judging, node, state, reason);
  addWork(judging.database, 'edges', node.seq);
}

/** Whether its condition holds. */
export function canRun({ condition, waits, broken, unmet }: NodeRow): boolean {
  if (waits > 0) return false;
  return condition === 'completed' ? unmet === 0 : condition === 'ended' || broken > 0;
}

/** Whether its condition holds, or can hold yet. */
export function mayRun({ condition, waits, broken, unmet }: NodeRow): boolean {
  if (condition === 'completed') return unmet === 0;
  return condition === 'ended' || waits > 0 || broken > 0;
}
