import { ACTION_STATES } from '../../../contract/index.js';
import type { StepAnswer } from '../../port/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { actOnTask, findTask } from './act-on-tasks.js';

export const FIRST_OF_NAME = `SELECT min(position) AS position FROM tasks_step WHERE task = ? AND name = ?`;

export const FORGET_STEPS = `DELETE FROM tasks_step WHERE task = ? AND position >= ?`;

/** Forgets a step and what was recorded after it, and has the task run again. */
export function retryFrom(transaction: Transaction, id: string, step: string, now: number): StepAnswer {
  const { database } = transaction;
  const task = findTask(transaction, { id });
  if (!task || !ACTION_STATES.retry.includes(task.state)) return { done: false, state: task?.state ?? null };
  const first = statement<[number, string], number | null>(database, FIRST_OF_NAME).pluck().get(task.seq, step) ?? null;
  if (first === null) return { done: false, state: task.state };
  const refusal = actOnTask(transaction, 'retry', task, now, () => null);
  if (refusal) return { done: false, state: task.state, ...refusal };
  statement<[number, number]>(database, FORGET_STEPS).run(task.seq, first);
  return { done: true, state: task.state };
}
