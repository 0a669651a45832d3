import { ACTION_STATES, type TaskAction, type TaskState, type TaskTraits } from '../../../contract/index.js';
import { withoutLapsed } from '../../common/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { lapseLater } from './lapse-tasks.js';

export const FIND_BY_ID = `SELECT seq, id, queue, name, state, attempt, traits FROM tasks_task WHERE id = ?`;
export const FIND_BY_SEQ = `SELECT seq, id, queue, name, state, attempt, traits FROM tasks_task WHERE seq = ?`;

/** All retries are granted anew to a task that had ended; one that waits for its retry only runs sooner. */
export const RETRY_ENDED_TASK = `
  UPDATE tasks_task
     SET state = 'available', run_at = ?, excused = attempt, lost = 0, finished_at = NULL, expires_at = NULL,
         cancel_requested = 0, progress = NULL, unhandled_since = NULL, error_group = NULL
   WHERE seq = ?`;

/** Of few tasks. */
export const SET_TRAITS = `UPDATE tasks_task SET traits = ? WHERE seq = ?`;

export const RUN_TASK_NOW = `UPDATE tasks_task SET state = 'available', run_at = ? WHERE seq = ?`;

export const CANCEL_WAITING_TASK = `
  UPDATE tasks_task SET state = 'cancelled', finished_at = ?, expires_at = ? WHERE seq = ?`;

/** Its worker sees the mark, aborts the handler's signal and ends the task. */
export const REQUEST_CANCEL = `UPDATE tasks_task SET cancel_requested = 1 WHERE seq = ?`;

export const DELETE_TASK = `DELETE FROM tasks_task WHERE seq = ?`;

export interface FoundTask {
  readonly seq: number;
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly state: TaskState;
  readonly attempt: number;
  readonly traits: string | null;
}

export function findTask(transaction: Transaction, key: { id: string } | { seq: number }): FoundTask | undefined {
  return 'id' in key
    ? statement<[string], FoundTask>(transaction.database, FIND_BY_ID).get(key.id)
    : statement<[number], FoundTask>(transaction.database, FIND_BY_SEQ).get(key.seq);
}

/** Carries out `action`; returns false, with nothing changed, where the task's state does not allow it. */
export function actOnTask(
  transaction: Transaction,
  action: TaskAction,
  task: FoundTask,
  now: number,
  keepFor: (queue: string, state: 'cancelled') => number | null,
): boolean {
  if (!ACTION_STATES[action].includes(task.state)) return false;
  const { database } = transaction;
  transaction.touch(task.queue, task.id);
  switch (action) {
    case 'retry':
      statement<[number, number]>(database, task.state === 'retryable' ? RUN_TASK_NOW : RETRY_ENDED_TASK).run(
        now,
        task.seq,
      );
      transaction.moved(task.queue, task.state, 'available');
      if (task.traits !== null) liveAgain(transaction, task, JSON.parse(task.traits) as TaskTraits, now);
      return true;
    case 'run-now':
      statement<[number, number]>(database, RUN_TASK_NOW).run(now, task.seq);
      transaction.moved(task.queue, task.state, 'available');
      return true;
    case 'delete':
      statement<[number]>(database, DELETE_TASK).run(task.seq);
      transaction.moved(task.queue, task.state, null);
      return true;
    case 'cancel':
      cancel(transaction, task, now, keepFor(task.queue, 'cancelled'));
      return true;
  }
}

/** A time that is over binds a task no more that somebody has retried. */
function liveAgain(transaction: Transaction, { seq, attempt }: FoundTask, traits: TaskTraits, now: number): void {
  const left = withoutLapsed(traits, now);
  const json = Object.keys(left).length > 0 ? JSON.stringify(left) : null;
  statement<[string | null, number]>(transaction.database, SET_TRAITS).run(json, seq);
  lapseLater(transaction, seq, left, attempt > 0);
}

function cancel(transaction: Transaction, task: FoundTask, now: number, kept: number | null): void {
  const { database } = transaction;
  if (task.state === 'running') {
    statement<[number]>(database, REQUEST_CANCEL).run(task.seq);
    transaction.cancelRequested = true;
    return;
  }
  const expiresAt = transaction.expiry(now, kept);
  statement<[number, number | null, number]>(database, CANCEL_WAITING_TASK).run(now, expiresAt, task.seq);
  transaction.moved(task.queue, task.state, 'cancelled');
  transaction.metric(task, now).cancelled += 1;
}
