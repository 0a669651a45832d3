import { errorGroupKey } from '../../common/index.js';
import type { TaskError } from '../../../contract/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { HOUR_MS } from './add-to-error-groups.js';

export interface FailureToNote {
  readonly seq: number;
  readonly queue: string;
  readonly name: string;
}

/** Of failed tasks alone: those that do not fail cost nothing. */
export const SET_ERROR_GROUP = `UPDATE tasks_task SET error_group = ? WHERE seq = ?`;

/** Notes on a task that it failed, and with what; for the store's history see {@link addToErrorGroups}. */
export function noteError(transaction: Transaction, task: FailureToNote, error: TaskError, at: number): void {
  const { seq, name, queue } = task;
  const key = errorGroupKey(name, error);
  statement<[string, number]>(transaction.database, SET_ERROR_GROUP).run(key, seq);
  const { errorGroups } = transaction;
  let delta = errorGroups.get(key);
  if (!delta) errorGroups.set(key, (delta = { key, name, error, firstAt: at, lastAt: at, hours: new Map() }));
  delta.firstAt = Math.min(delta.firstAt, at);
  delta.lastAt = Math.max(delta.lastAt, at);
  const hour = Math.floor(at / HOUR_MS);
  const place = `${hour} ${queue}`;
  const counted = delta.hours.get(place);
  if (counted) counted.failed += 1;
  else delta.hours.set(place, { hour, queue, failed: 1 });
}
