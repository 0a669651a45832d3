import { hasEnded, type TaskState } from '../../../contract/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { type Judging, judgeTasks } from './judge-nodes.js';
import { NODE_COLUMNS, type NodeRow } from './node-rows.js';

/** The first tasks that are not counted yet, with how their nodes have counted them. */
export const SETTLING_TASKS = `
  SELECT tasks_settling.task, keep_until AS keepUntil, state, node, counted
    FROM tasks_settling
    LEFT JOIN tasks_node_task ON tasks_node_task.task = tasks_settling.task
    LEFT JOIN tasks_task ON seq = tasks_settling.task
   ORDER BY tasks_settling.task
   LIMIT ?`;

export const SETTLED_TASKS = `DELETE FROM tasks_settling WHERE task <= ?`;

export const SETTLE_ONCE_MORE = `INSERT INTO tasks_settling (task, keep_until) VALUES (?, ?)`;

export const COUNT_TASKS = `
  UPDATE tasks_node_task SET counted = ? WHERE task IN (SELECT value FROM json_each(?))`;

export const COUNT_ON_NODE = `
  UPDATE tasks_node SET open = open - ?, failed = failed + ?, cancelled = cancelled + ? WHERE seq = ?
  RETURNING ${NODE_COLUMNS}`;

type Ended = 'completed' | 'failed' | 'cancelled';

interface SettlingRow {
  readonly task: number;
  readonly keepUntil: number;
  readonly state: TaskState | null;
  readonly node: number | null;
  readonly counted: Ended | null;
}

/** What the tasks of a node add to its counters. */
interface NodeDelta extends Record<Ended | 'ended', number> {
  keepUntil: number;
  revived: boolean;
}

/**
 * Counts tasks that have ended, or live again, on their nodes: each node is changed once, however many of its tasks have. One
 * that was retried and has ended again meanwhile is counted as one that lives, and stays to be counted: what follows from the
 * one comes before what follows from the other. Returns how many there were, at most `limit`.
 */
export function countEnded(transaction: Transaction, judging: Judging, limit: number): number {
  const { database } = transaction;
  const rows = statement<[number], SettlingRow>(database, SETTLING_TASKS).all(limit);
  if (rows.length === 0) return 0;
  const nodes = new Map<number, NodeDelta>();
  const counted = new Map<Ended | null, number[]>();
  const again: SettlingRow[] = [];
  for (const row of rows) {
    if (row.node === null || row.state === null) continue;
    const state = hasEnded(row.state) ? row.state : null;
    // Cancelled once more it changes nothing: it may be its node that was revived and cancelled it.
    const isCounted = row.counted === 'cancelled' && state === 'cancelled';
    const now = row.counted === null || isCounted ? state : null;
    if (now !== state) again.push(row);
    const delta = nodes.get(row.node) ?? newDelta();
    nodes.set(row.node, delta);
    add(delta, row.counted, -1);
    add(delta, now, 1);
    delta.keepUntil = Math.max(delta.keepUntil, row.keepUntil);
    delta.revived ||= row.counted !== null && !isCounted;
    counted.set(now, [...(counted.get(now) ?? []), row.task]);
  }
  for (const [state, tasks] of counted) {
    statement<[string | null, string]>(database, COUNT_TASKS).run(state, JSON.stringify(tasks));
  }
  statement<[number]>(database, SETTLED_TASKS).run(rows.at(-1)!.task);
  for (const row of again) statement<[number, number]>(database, SETTLE_ONCE_MORE).run(row.task, row.keepUntil);
  const count = statement<[number, number, number, number], NodeRow>(database, COUNT_ON_NODE);
  for (const [node, { ended, failed, cancelled, keepUntil, revived }] of nodes) {
    const row = count.get(ended, failed, cancelled, node);
    if (!row) continue;
    judging.counts.ended(row.workflow, row.queue, ended, keepUntil);
    judgeTasks(judging, row, revived);
  }
  return rows.length;
}

function newDelta(): NodeDelta {
  return { ended: 0, completed: 0, failed: 0, cancelled: 0, keepUntil: 0, revived: false };
}

function add(delta: NodeDelta, state: Ended | null, sign: 1 | -1): void {
  if (state === null) return;
  delta.ended += sign;
  delta[state] += sign;
}
