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

/** One that it waits for, and that has ended otherwise than completed; else any that has ended. */
export const CAUSE_OF_NODE = `
  SELECT coalesce(
    (SELECT parent FROM tasks_edge WHERE child = ? AND ended_as IN ('failed', 'cancelled') LIMIT 1),
    (SELECT parent FROM tasks_edge WHERE child = ? AND ended_as IS NOT NULL LIMIT 1)) AS parent`;

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
 *     ended     ──one of its tasks is retried──────────────> running, and cancelled where its workflow is being ended
 *
 * @param revived whether one of its tasks lives again
 */
export function judgeTasks(judging: Judging, node: NodeRow, revived: boolean): void {
  if (revived && hasEnded(node.state) && !node.cancelling) runAgain(judging, node);
  else judgeOpen(judging, node);
}

/** Judges a node by how many of its tasks have not ended yet: none of them lives again. */
export function judgeOpen(judging: Judging, node: NodeRow): void {
  if (node.open > 0) return;
  if (node.state === 'cancelled') addWork(judging.database, 'edges', node.seq);
  else if (!hasEnded(node.state) && !node.reviving) end(judging, node);
}

/**
 * Judges a node of which those that it waits for have ended, or live again.
 *
 *     blocked   ──its condition holds──────────────────> running; completed, where it has no task
 *               ──it can hold no longer────────────────> cancelled, for the reason `condition`
 *     cancelled ──for that reason, and it can hold again──> blocked, unless its workflow is being ended
 */
export function judgeNode(judging: Judging, node: NodeRow): void {
  const { database } = judging;
  if (node.ending !== null) return;
  if (node.reason === 'condition' && mayRun(node)) {
    setNode(judging, node, 'blocked');
    endWork(database, 'cancel', node.seq);
    addWork(database, 'revive', node.seq);
    addWork(database, 'edges', node.seq);
  }
  if (node.state !== 'blocked' || node.reviving) return;
  if (!mayRun(node)) cancelNode(judging, node, 'condition', causeOf(database, node.seq));
  else if (canRun(node)) release(judging, node);
}

/** What is left of a node is cancelled, and it never runs. */
export function cancelNode(judging: Judging, node: NodeRow, reason: NodeReason, cause: number | null = null): void {
  setNode(judging, node, 'cancelled', reason, cause);
  // What is being revived is not counted yet.
  addWork(judging.database, node.open > 0 || node.reviving ? 'cancel' : 'edges', node.seq);
}

/** The tasks of a node are blocked again. Where somebody had cancelled each, it stays cancelled. */
export function judgeRevived(judging: Judging, node: NodeRow): void {
  const live = statement<[number]>(judging.database, HAS_LIVE_TASK).get(node.seq);
  if (node.tasks > 0 && !live) {
    setNode(judging, node, 'cancelled');
    addWork(judging.database, 'edges', node.seq);
    // Those that were revived are not counted yet.
  } else judgeNode(judging, { ...node, open: Math.max(node.open, live ? 1 : 0) });
}

/** Tasks of a node were to run again, and its workflow is being ended: those that have not been touched yet stay as they are. */
export function judgeGivenUp(judging: Judging, node: NodeRow, reason: NodeReason): void {
  if (node.state === 'blocked') cancelNode(judging, node, reason);
  else judgeRetried(judging, node);
}

/** The tasks of a node that failed run again. Where somebody has deleted each of them, it has failed as before. */
export function judgeRetried(judging: Judging, node: NodeRow): void {
  if (!statement<[number]>(judging.database, HAS_LIVE_TASK).get(node.seq)) judgeOpen(judging, node);
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

function causeOf(database: Database, node: number): number | null {
  return statement<[number, number], number | null>(database, CAUSE_OF_NODE).pluck().get(node, node) ?? null;
}

function runAgain(judging: Judging, node: NodeRow): void {
  const reason = endedFor(node);
  setNode(judging, node, 'running', reason);
  if (reason) addWork(judging.database, 'cancel', node.seq);
  addWork(judging.database, 'edges', node.seq);
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
  setNode(judging, node, state, state === 'cancelled' ? node.reason : null);
  addWork(judging.database, 'edges', node.seq);
}

/** Why nothing of its workflow begins any more; null where that is not being ended. */
export function endedFor({ ending }: NodeRow): 'cancelled' | 'deadline' | null {
  return ending === 'cancelled' || ending === 'deadline' ? ending : null;
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
