import { hasEnded, type TaskState, type TaskTraits } from '../../../contract/index.js';
import { withoutLapsed } from '../../common/index.js';
import type { EngineContext } from '../../port/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { actOnTask, type FoundTask, SET_TRAITS, withoutCause } from './act-on-tasks.js';
import { endedFor, type Judging, judgeGivenUp, judgeRetried, judgeRevived } from './judge-nodes.js';
import { lapseLater } from './lapse-tasks.js';
import { endWork, GO_ON_WITH_WORK, type NodeRow, type NodeWork, readNode } from './node-rows.js';
import { settleLater } from './settle-later.js';
import { noteSlot } from './settle-keys.js';
import { traitsIn } from './task-traits.js';

export const NEXT_WORK = `
  SELECT kind, node, after FROM tasks_node_work
   WHERE kind IN ('release', 'cancel', 'revive', 'revive-all', 'retry')
   ORDER BY kind, node
   LIMIT 1`;

export const TASKS_OF_NODE = `
  SELECT seq, id, queue, tasks_task.name, state, attempt, traits, key
    FROM tasks_node_task JOIN tasks_task ON seq = task
   WHERE node = ? AND task > ?
   ORDER BY task
   LIMIT ?`;

/** It waits for nothing more but its time, and its turn. */
export const RELEASE_BLOCKED_TASK = `
  UPDATE tasks_task SET state = ?, run_at = ?, turn = NULL WHERE seq = ? AND state = 'blocked'`;

export const NOTE_CAUSE = `
  UPDATE tasks_task
     SET traits = json_set(traits, '$.reason', 'condition', '$.workflow.cause',
                           (SELECT cause.name FROM tasks_node JOIN tasks_node AS cause ON cause.seq = tasks_node.cause
                             WHERE tasks_node.seq = ?))
   WHERE seq = ? AND json_valid(traits)`;

/** Blocked again, as if it had never been claimed since. */
export const REVIVE_TASK = `
  UPDATE tasks_task
     SET state = 'blocked', excused = attempt, lost = 0, finished_at = NULL, expires_at = NULL, cancel_requested = 0,
         progress = NULL, unhandled_since = NULL, error_group = NULL, parked = NULL, turn = NULL
   WHERE seq = ? AND state = 'cancelled'`;

/** What has tasks run again: in vain, where somebody ends the workflow before it is done. */
const BEGINS_AGAIN: ReadonlySet<NodeWork> = new Set(['revive', 'revive-all', 'retry']);

interface WorkRow {
  readonly kind: Exclude<NodeWork, 'edges'>;
  readonly node: number;
  readonly after: number;
}

export interface WorkRules {
  readonly now: number;
  readonly keepFor: EngineContext['keepFor'];
}

/** Does what is left to do about nodes, with at most `limit` tasks. Returns with how many it was done. */
export function workOnNodes(transaction: Transaction, judging: Judging, rules: WorkRules, limit: number): number {
  const { database } = transaction;
  let done = 0;
  while (done < limit) {
    const work = statement<[], WorkRow>(database, NEXT_WORK).get();
    if (!work) break;
    const node = readNode(database, work.node);
    const reason = node && BEGINS_AGAIN.has(work.kind) ? endedFor(node) : null;
    if (node && reason) {
      endWork(database, work.kind, work.node);
      judgeGivenUp(judging, node, reason);
      done += 1;
      continue;
    }
    const room = limit - done;
    const tasks = statement<[number, number, number], FoundTask>(database, TASKS_OF_NODE).all(
      work.node,
      work.after,
      room,
    );
    if (node) for (const task of tasks) workOn(transaction, work.kind, node, task, rules);
    done += tasks.length + 1;
    if (tasks.length === room) {
      statement<[number, string, number]>(database, GO_ON_WITH_WORK).run(tasks.at(-1)!.seq, work.kind, work.node);
      continue;
    }
    endWork(database, work.kind, work.node);
    if (node && work.kind.startsWith('revive')) judgeRevived(judging, { ...node, reviving: 0 });
    if (node && work.kind === 'retry') judgeRetried(judging, node);
  }
  return done;
}

function workOn(
  transaction: Transaction,
  kind: WorkRow['kind'],
  node: NodeRow,
  task: FoundTask,
  rules: WorkRules,
): void {
  switch (kind) {
    case 'release':
      if (task.state === 'blocked') release(transaction, node, task, rules.now);
      return;
    case 'cancel':
      if (!hasEnded(task.state)) cancel(transaction, node, task, rules);
      return;
    case 'retry':
      if (task.state === 'failed') actOnTask(transaction, 'retry', task, rules.now, rules.keepFor);
      return;
    case 'revive':
    case 'revive-all': {
      const { traits } = traitsIn(task.traits);
      if (task.state !== 'cancelled' || (kind === 'revive' && traits?.reason !== 'condition')) return;
      revive(transaction, task, traits, rules.now);
    }
  }
}

function release(transaction: Transaction, node: NodeRow, task: FoundTask, now: number): void {
  const { seq, id, queue, key } = task;
  const runAt = now + node.delay;
  const state: TaskState = node.delay > 0 ? 'scheduled' : key === null ? 'available' : 'held';
  statement<[string, number, number]>(transaction.database, RELEASE_BLOCKED_TASK).run(state, runAt, seq);
  transaction.moved(queue, 'blocked', state);
  transaction.touch(queue, id);
  noteSlot(transaction, task, 'blocked', state);
  if (state === 'scheduled') transaction.due(runAt);
}

function cancel(transaction: Transaction, node: NodeRow, task: FoundTask, { now, keepFor }: WorkRules): void {
  actOnTask(transaction, 'cancel', task, now, keepFor);
  if (node.reason !== 'condition') return;
  statement<[number, number]>(transaction.database, NOTE_CAUSE).run(node.seq, task.seq);
}

function revive(transaction: Transaction, task: FoundTask, traits: TaskTraits | undefined, now: number): void {
  const { seq, id, queue } = task;
  const { database } = transaction;
  statement<[number]>(database, REVIVE_TASK).run(seq);
  if (traits) {
    const { workflow, ...others } = withoutLapsed(traits, now);
    const left = { ...others, ...(workflow && { workflow: withoutCause(workflow) }) };
    statement<[string | null, number]>(database, SET_TRAITS).run(JSON.stringify(left), seq);
    lapseLater(transaction, seq, left, task.attempt > 0);
  }
  transaction.moved(queue, 'cancelled', 'blocked');
  transaction.touch(queue, id);
  settleLater(transaction, seq);
}
