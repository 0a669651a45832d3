import type { TaskState, WorkflowState } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { cancelNode, judgeNode, judgeOpen, type Judging } from './judge-nodes.js';
import { addWork, NODE_COLUMNS, type NodeRow } from './node-rows.js';
import { FOREVER } from './settle-later.js';
import { BEGIN_TO_DELETE, IS_STARTING } from './starting-workflows.js';
import type { WorkflowDelta } from './workflow-counts.js';

/** How long one is kept that has ended without a task, by whose retention it would be. */
const EMPTY_KEPT_MS = 24 * 60 * 60_000;

/** A workflow, as far as its state goes by it. */
interface WorkflowRow {
  readonly seq: number;
  readonly state: WorkflowState;
  readonly keepUntil: number;
  readonly ending: 'cancelled' | 'deadline' | 'deleted' | null;
  readonly walk: number | null;
  readonly blocked: number;
  readonly running: number;
  readonly tasks: number;
  readonly ended: number;
  readonly starting: 0 | 1;
}

export const COUNT_ON_WORKFLOW = `
  UPDATE tasks_workflow
     SET blocked = blocked + ?, running = running + ?, completed = completed + ?, failed = failed + ?,
         cancelled = cancelled + ?, ended = ended + ?, keep_until = max(keep_until, ?)
   WHERE seq = ?
  RETURNING seq, state, keep_until AS keepUntil, ending, walk, blocked, running, tasks, ended, ${IS_STARTING} AS starting`;

export const END_WORKFLOW = `UPDATE tasks_workflow SET state = ?, finished_at = ?, expires_at = ? WHERE seq = ?`;

/**
 * A deadline that is over binds it no more. Where its nodes were being gone through, they are once more: what was not to begin
 * meanwhile may.
 */
export const WORKFLOW_LIVES_AGAIN = `
  UPDATE tasks_workflow
     SET state = 'running', finished_at = NULL, expires_at = NULL, ending = NULL, walk = iif(walk IS NULL, NULL, 0),
         deadline_at = iif(deadline_at <= ?, NULL, deadline_at)
   WHERE seq = ?`;

/**
 * Nodes that failed, or that somebody or a time has cancelled, and that no node has answered which was there for it. The first
 * one says how the workflow ended: those that failed come first. Reads `tasks_node_state`.
 */
export const UNANSWERED_NODE = `
  SELECT node.state, node.seq FROM tasks_node AS node
   WHERE node.workflow = ? AND node.state = ? AND node.reason IS NOT 'condition'
     AND NOT EXISTS (SELECT 1 FROM tasks_edge JOIN tasks_node AS answer ON answer.seq = child
                      WHERE parent = node.seq AND answer.condition <> 'completed' AND answer.state = 'completed')
   ORDER BY node.number
   LIMIT 1`;

/** Reads `tasks_workflow_deadline`. */
export const OVERDUE_WORKFLOW = `
  UPDATE tasks_workflow SET ending = 'deadline', walk = 0
   WHERE seq = (SELECT seq FROM tasks_workflow INDEXED BY tasks_workflow_deadline
                 WHERE deadline_at IS NOT NULL AND state = 'running' AND ending IS NULL AND deadline_at <= ?
                 ORDER BY deadline_at LIMIT 1)`;

/** One that was kept for its time, or whose start nobody has gone on with. Reads `tasks_workflow_expiry`. */
export const EXPIRED_WORKFLOW = `
  UPDATE tasks_workflow SET ${BEGIN_TO_DELETE}
   WHERE seq = (SELECT seq FROM tasks_workflow WHERE expires_at IS NOT NULL AND expires_at <= ?
                 ORDER BY expires_at LIMIT 1)`;

export const WALKED_WORKFLOW = `SELECT seq, ending, walk FROM tasks_workflow WHERE walk IS NOT NULL ORDER BY seq LIMIT 1`;

export const NODES_OF_WORKFLOW = `
  SELECT ${NODE_COLUMNS} FROM tasks_node WHERE workflow = ? AND number >= ? ORDER BY number LIMIT ?`;

export const QUEUE_OF_WORKFLOW = `SELECT queue FROM tasks_node WHERE workflow = ? LIMIT 1`;

export const NOTE_REASON = `UPDATE tasks_node SET reason = ? WHERE seq = ?`;

export const SET_WALK = `UPDATE tasks_workflow SET walk = ? WHERE seq = ?`;

export const DELETE_TASKS_OF_WORKFLOW = `
  DELETE FROM tasks_task
   WHERE seq IN (SELECT task FROM tasks_node_task INDEXED BY tasks_node_task_name WHERE workflow = ? LIMIT ?)
  RETURNING id, queue, state`;

export const DELETE_EDGES_OF_NODES = `
  DELETE FROM tasks_edge WHERE parent IN (SELECT seq FROM tasks_node WHERE workflow = ? ORDER BY number LIMIT ?)`;
export const DELETE_NODES = `
  DELETE FROM tasks_node WHERE seq IN (SELECT seq FROM tasks_node WHERE workflow = ? ORDER BY number LIMIT ?)`;
export const DELETE_TAGS_OF_WORKFLOW = `DELETE FROM tasks_workflow_tag WHERE workflow = ?`;
export const DELETE_WORKFLOW = `DELETE FROM tasks_workflow WHERE seq = ?`;

/** Writes what a round has counted, and judges each workflow of it. */
export function countOnWorkflows(transaction: Transaction, judging: Judging, now: number): void {
  for (const [seq, delta] of judging.counts.all()) {
    const row = statement<number[], WorkflowRow>(transaction.database, COUNT_ON_WORKFLOW).get(
      delta.blocked,
      delta.running,
      delta.completed,
      delta.failed,
      delta.cancelled,
      delta.ended,
      delta.keepUntil,
      seq,
    );
    if (row) judgeWorkflow(transaction, row, delta, now);
  }
}

/**
 *     running ──all its tasks and nodes have ended──> failed, where its deadline was over, or one failed that nothing answered
 *                                                 ──> cancelled, where it was, or one was so
 *                                                 ──> completed
 *     ended   ──one of its tasks is retried────────> running
 */
function judgeWorkflow(transaction: Transaction, row: WorkflowRow, delta: WorkflowDelta, now: number): void {
  const { database } = transaction;
  const { seq } = row;
  transaction.touch(delta.queue);
  if (row.ending === 'deleted' || row.starting) return;
  const isOver = row.blocked === 0 && row.running === 0 && row.ended === row.tasks && row.walk === null;
  const livesAgain = row.state !== 'running' && (!isOver || delta.revived);
  if (livesAgain) statement<[number, number]>(database, WORKFLOW_LIVES_AGAIN).run(now, seq);
  if (!isOver || (row.state !== 'running' && !livesAgain)) return;
  const expiresAt =
    row.keepUntil >= FOREVER ? null : Math.max(row.tasks === 0 ? now + EMPTY_KEPT_MS : now, row.keepUntil);
  const ending = livesAgain ? null : row.ending;
  const end = ending === null ? endOf(database, seq) : ending === 'deadline' ? 'failed' : 'cancelled';
  statement<[string, number, number | null, number]>(database, END_WORKFLOW).run(end, now, expiresAt, seq);
  if (expiresAt !== null) transaction.settles(expiresAt);
}

function endOf(database: Database, workflow: number): WorkflowState {
  const find = statement<[number, string]>(database, UNANSWERED_NODE);
  if (find.get(workflow, 'failed')) return 'failed';
  return find.get(workflow, 'cancelled') ? 'cancelled' : 'completed';
}

/** Begins to end the workflows whose time is over: at most one for each reason. */
export function endDueWorkflows({ database }: Transaction, now: number): void {
  statement<[number]>(database, OVERDUE_WORKFLOW).run(now);
  statement<[number]>(database, EXPIRED_WORKFLOW).run(now);
}

/** Goes through the nodes of workflows that begin, or were repaired, or are being ended or deleted. Returns how many rows it was about, at most `limit`. */
export function walkWorkflows(transaction: Transaction, judging: Judging, limit: number): number {
  const { database } = transaction;
  type Walked = Pick<WorkflowRow, 'seq'> & {
    readonly ending: 'cancelled' | 'deadline' | 'deleted' | null;
    readonly walk: number;
  };
  const walked = statement<[], Walked>(database, WALKED_WORKFLOW).get();
  if (!walked) return 0;
  if (walked.ending === 'deleted') return deleteSome(transaction, walked.seq, limit);
  const nodes = statement<[number, number, number], NodeRow>(database, NODES_OF_WORKFLOW).all(
    walked.seq,
    walked.walk,
    limit,
  );
  for (const node of nodes) {
    if (walked.ending !== null) endNode(judging, node, walked.ending);
    else if (node.state === 'running') judgeOpen(judging, node);
    else judgeNode(judging, node);
  }
  const walk = nodes.length < limit ? null : walked.walk + nodes.length;
  statement<[number | null, number]>(database, SET_WALK).run(walk, walked.seq);
  const queue = nodes[0]?.queue ?? statement<[number], string>(database, QUEUE_OF_WORKFLOW).pluck().get(walked.seq);
  if (queue !== undefined) judging.counts.of(walked.seq, queue);
  return nodes.length + 1;
}

function endNode(judging: Judging, node: NodeRow, reason: 'cancelled' | 'deadline'): void {
  if (node.state === 'blocked') cancelNode(judging, node, reason);
  if (node.state !== 'running') return;
  statement<[string, number]>(judging.database, NOTE_REASON).run(reason, node.seq);
  addWork(judging.database, 'cancel', node.seq);
}

/** Tasks first, then nodes; the workflow last. */
function deleteSome(transaction: Transaction, workflow: number, limit: number): number {
  const { database } = transaction;
  const tasks = statement<[number, number], { id: string; queue: string; state: TaskState }>(
    database,
    DELETE_TASKS_OF_WORKFLOW,
  ).all(workflow, limit);
  for (const { id, queue, state } of tasks) {
    transaction.moved(queue, state, null);
    transaction.touch(queue, id);
  }
  if (tasks.length > 0) return tasks.length;
  statement<[number, number]>(database, DELETE_EDGES_OF_NODES).run(workflow, limit);
  const { changes } = statement<[number, number]>(database, DELETE_NODES).run(workflow, limit);
  if (changes > 0) return changes + 1;
  for (const sql of [DELETE_TAGS_OF_WORKFLOW, DELETE_WORKFLOW]) statement<[number]>(database, sql).run(workflow);
  return 1;
}
