import { hasEnded, type NodeState } from '../../../contract/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { type Judging, judgeNode } from './judge-nodes.js';
import { GO_ON_WITH_WORK, NODE_COLUMNS, type NodeRow } from './node-rows.js';

/** Edges of the nodes whose followers are to be told how they stand, from where that was broken off. */
export const EDGES_TO_FOLLOW = `
  SELECT parent, child, ended_as AS endedAs, state, open
    FROM tasks_node_work
    JOIN tasks_node ON seq = tasks_node_work.node
    JOIN tasks_edge ON parent = tasks_node_work.node AND child > after
   WHERE tasks_node_work.kind = 'edges'
   ORDER BY tasks_node_work.node, child
   LIMIT (? + 0)`;

export const LAST_NODE_TO_FOLLOW = `SELECT max(node) AS node FROM tasks_node_work WHERE kind = 'edges'`;

export const FOLLOWED_NODES = `DELETE FROM tasks_node_work WHERE kind = 'edges' AND node <= ?`;

export const COUNT_ON_EDGE = `UPDATE tasks_edge SET ended_as = ? WHERE parent = ? AND child = ?`;

export const COUNT_ON_CHILD = `
  UPDATE tasks_node SET waits = waits - ?, broken = broken + ?, unmet = unmet + ? WHERE seq = ?
  RETURNING ${NODE_COLUMNS}`;

interface EdgeRow {
  readonly parent: number;
  readonly child: number;
  readonly endedAs: NodeState | null;
  /** Of the parent. */
  readonly state: NodeState;
  readonly open: number;
}

/** What those that a node waits for add to its counters. */
interface ChildDelta {
  ended: number;
  broken: number;
  unmet: number;
}

/**
 * Tells nodes how those stand that they wait for: each is changed once, however many of those have ended. Returns how many
 * edges were looked at, at most `limit`.
 */
export function followEdges(transaction: Transaction, judging: Judging, limit: number): number {
  const { database } = transaction;
  const last = statement<[], number | null>(database, LAST_NODE_TO_FOLLOW).pluck().get() ?? null;
  if (last === null) return 0;
  const edges = statement<[number], EdgeRow>(database, EDGES_TO_FOLLOW).all(limit);
  const children = new Map<number, ChildDelta>();
  const note = statement<[string | null, number, number]>(database, COUNT_ON_EDGE);
  for (const edge of edges) {
    const now = hasEnded(edge.state) && edge.open === 0 ? edge.state : null;
    if (now === edge.endedAs) continue;
    note.run(now, edge.parent, edge.child);
    const delta = children.get(edge.child) ?? { ended: 0, broken: 0, unmet: 0 };
    children.set(edge.child, delta);
    add(delta, edge.endedAs, -1);
    add(delta, now, 1);
  }
  // Before the children are judged, whose own followers come in the next round at the earliest.
  if (edges.length < limit) statement<[number]>(database, FOLLOWED_NODES).run(last);
  else {
    const { parent, child } = edges.at(-1)!;
    statement<[number]>(database, FOLLOWED_NODES).run(parent - 1);
    statement<[number, string, number]>(database, GO_ON_WITH_WORK).run(child, 'edges', parent);
  }
  const count = statement<[number, number, number, number], NodeRow>(database, COUNT_ON_CHILD);
  for (const [child, { ended, broken, unmet }] of children) {
    const row = count.get(ended, broken, unmet, child);
    if (row) judgeNode(judging, row);
  }
  return edges.length + 1;
}

function add(delta: ChildDelta, state: NodeState | null, sign: 1 | -1): void {
  if (state === null) return;
  delta.ended += sign;
  if (state === 'failed') delta.broken += sign;
  if (state !== 'completed') delta.unmet += sign;
}
