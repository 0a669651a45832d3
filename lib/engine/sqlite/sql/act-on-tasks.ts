import {
  ACTION_STATES,
  hasEnded,
  type TaskAction,
  type TaskState,
  type TaskTraits,
  type TaskWorkflow,
} from '../../../contract/index.js';
import { withoutLapsed } from '../../common/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { lapseLater } from './lapse-tasks.js';
import { tellOfEnd } from './wake-tasks.js';
import { settleLater } from './settle-later.js';
import { noteSlot, readyState } from './settle-keys.js';
import { keyKeptUntil, takeKeyAgain } from './unique-keys.js';
import { traitsIn } from './task-traits.js';

export const FIND_BY_ID = `SELECT seq, id, queue, name, state, attempt, traits, key FROM tasks_task WHERE id = ?`;
export const FIND_BY_SEQ = `SELECT seq, id, queue, name, state, attempt, traits, key FROM tasks_task WHERE seq = ?`;

/** With a key it is held until that has a slot for it, and takes its place anew. */
const READY = `state = iif(key IS NULL, 'available', 'held'), turn = NULL`;

/** All retries are granted anew to a task that had ended; one that waits for its retry only runs sooner. */
export const RETRY_ENDED_TASK = `
  UPDATE tasks_task
     SET ${READY}, run_at = ?, excused = attempt, lost = 0, finished_at = NULL, expires_at = NULL,
         cancel_requested = 0, progress = NULL, unhandled_since = NULL, error_group = NULL, parked = NULL
   WHERE seq = ?`;

/** Of few tasks. */
export const SET_TRAITS = `UPDATE tasks_task SET traits = ? WHERE seq = ?`;

export const RUN_TASK_NOW = `UPDATE tasks_task SET ${READY}, run_at = ? WHERE seq = ?`;

export const CANCEL_WAITING_TASK = `
  UPDATE tasks_task SET state = 'cancelled', finished_at = ?, expires_at = ? WHERE seq = ?`;

/** Of few tasks. */
export const FORGET_WAITING_FOR = `
  UPDATE tasks_task SET traits = json_remove(traits, '$.waitingFor') WHERE seq = ? AND json_valid(traits)`;

/** Its worker sees the mark, aborts the handler's signal and ends the task. */
export const REQUEST_CANCEL = `UPDATE tasks_task SET cancel_requested = 1 WHERE seq = ?`;

export const DELETE_TASK = `DELETE FROM tasks_task WHERE seq = ?`;

/** What others of it wait for, or ask the result of, stays. */
export const LIVE_WORKFLOW = `SELECT 1 FROM tasks_workflow WHERE id = ? AND state = 'running'`;

export interface FoundTask {
  readonly seq: number;
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly state: TaskState;
  readonly attempt: number;
  readonly traits: string | null;
  readonly key: string | null;
}

export function findTask(transaction: Transaction, key: { id: string } | { seq: number }): FoundTask | undefined {
  return 'id' in key
    ? statement<[string], FoundTask>(transaction.database, FIND_BY_ID).get(key.id)
    : statement<[number], FoundTask>(transaction.database, FIND_BY_SEQ).get(key.seq);
}

/** Why an action was not carried out, and nothing was changed. */
export type Refusal = { readonly holder?: string; readonly workflow?: string };

/**
 * Carries out `action`. Returns null, or why it does not apply: the task's state, that another one holds its key, or that its
 * workflow has not ended.
 */
export function actOnTask(
  transaction: Transaction,
  action: TaskAction,
  task: FoundTask,
  now: number,
  keepFor: (queue: string, state: 'cancelled') => number | null,
): Refusal | null {
  if (!ACTION_STATES[action].includes(task.state)) return {};
  const { database } = transaction;
  const isRevived = action === 'retry' && hasEnded(task.state);
  const { workflow } = (action === 'delete' && traitsIn(task.traits).traits) || {};
  if (workflow && statement<[string]>(database, LIVE_WORKFLOW).get(workflow.id)) return { workflow: workflow.id };
  const holder = isRevived ? takeKeyAgain(transaction, task, traitsIn(task.traits).traits, now) : null;
  if (holder !== null) return { holder };
  transaction.touch(task.queue, task.id);
  switch (action) {
    case 'retry':
      statement<[number, number]>(database, task.state === 'retryable' ? RUN_TASK_NOW : RETRY_ENDED_TASK).run(
        now,
        task.seq,
      );
      makeReady(transaction, task);
      liveAgain(transaction, task, now);
      return null;
    case 'run-now':
      statement<[number, number]>(database, RUN_TASK_NOW).run(now, task.seq);
      makeReady(transaction, task);
      return null;
    case 'delete':
      statement<[number]>(database, DELETE_TASK).run(task.seq);
      transaction.moved(task.queue, task.state, null);
      noteSlot(transaction, task, task.state, null);
      tellOfEnd(transaction, { seq: task.seq, id: task.id, ...traitsIn(task.traits) }, now);
      return null;
    case 'cancel':
      cancel(transaction, task, now, keepFor(task.queue, 'cancelled'));
      return null;
  }
}

function makeReady(transaction: Transaction, task: FoundTask): void {
  const state = readyState(task);
  transaction.moved(task.queue, task.state, state);
  noteSlot(transaction, task, task.state, state);
}

/** What it calls, and has failed, is called anew. */
function anew(traits: TaskTraits): TaskTraits {
  return traits.steps ? { ...traits, generation: (traits.generation ?? 0) + 1 } : traits;
}

/** A time that is over binds a task no more that somebody has retried. */
function liveAgain(transaction: Transaction, { seq, attempt, traits: stored }: FoundTask, now: number): void {
  const { traits } = traitsIn(stored);
  if (!traits) return;
  const { workflow, ...others } = anew(withoutLapsed(traits, now));
  const left = { ...others, ...(workflow && { workflow: withoutCause(workflow) }) };
  const json = Object.keys(left).length > 0 ? JSON.stringify(left) : null;
  statement<[string | null, number]>(transaction.database, SET_TRAITS).run(json, seq);
  lapseLater(transaction, seq, left, attempt > 0);
  if (workflow) settleLater(transaction, seq);
}

export function withoutCause({ cause: _cause, ...workflow }: TaskWorkflow): TaskWorkflow {
  return workflow;
}

function cancel(transaction: Transaction, task: FoundTask, now: number, kept: number | null): void {
  const { database } = transaction;
  if (task.state === 'running') {
    statement<[number]>(database, REQUEST_CANCEL).run(task.seq);
    transaction.cancelRequested = true;
    return;
  }
  const keptUntil = keyKeptUntil(database, task.seq, traitsIn(task.traits).traits);
  const expiresAt = transaction.expiry(now, kept, keptUntil);
  statement<[number, number | null, number]>(database, CANCEL_WAITING_TASK).run(now, expiresAt, task.seq);
  if (task.state === 'suspended') statement<[number]>(database, FORGET_WAITING_FOR).run(task.seq);
  transaction.tell('cancelled', task);
  transaction.moved(task.queue, task.state, 'cancelled');
  noteSlot(transaction, task, task.state, 'cancelled');
  tellOfEnd(transaction, { seq: task.seq, id: task.id, ...traitsIn(task.traits) }, now);
  transaction.metric(task, now).cancelled += 1;
}
