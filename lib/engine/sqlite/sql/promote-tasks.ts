import type { TaskState } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { noteSlot, readyState } from './settle-keys.js';

/** Reads `tasks_task_due`, which holds only tasks that wait for their time. */
export const DUE_TASKS = `
  SELECT seq, id, queue, state, key FROM tasks_task
   WHERE state IN ('scheduled', 'retryable') AND run_at <= ?
   ORDER BY run_at
   LIMIT (? + 0)`;

export const PROMOTE_TASK = `UPDATE tasks_task SET state = 'available' WHERE seq = ?`;

/** The same for one with a key: it is available once that has a slot for it. */
export const PROMOTE_KEYED_TASK = `UPDATE tasks_task SET state = 'held', turn = NULL WHERE seq = ?`;

interface DueTask {
  readonly seq: number;
  readonly id: string;
  readonly queue: string;
  readonly state: TaskState;
  readonly key: string | null;
}

export const NEXT_DUE = `
  SELECT run_at FROM tasks_task
   WHERE state IN ('scheduled', 'retryable')
   ORDER BY run_at
   LIMIT 1`;

/** Makes at most `limit` tasks available whose time has come; returns how many. */
export function promoteTasks(transaction: Transaction, now: number, limit: number): number {
  const due = statement<[number, number], DueTask>(transaction.database, DUE_TASKS).all(now, limit);
  const promote = statement<[number]>(transaction.database, PROMOTE_TASK);
  for (const task of due) {
    const { seq, id, queue, state } = task;
    const ready = readyState(task);
    if (ready === 'available') promote.run(seq);
    else statement<[number]>(transaction.database, PROMOTE_KEYED_TASK).run(seq);
    transaction.moved(queue, state, ready);
    transaction.touch(queue, id);
    noteSlot(transaction, task, state, ready);
  }
  return due.length;
}

/** When the next task comes due; null where none waits for its time. */
export function nextDue(database: Database): number | null {
  return statement<[], { run_at: number }>(database, NEXT_DUE).get()?.run_at ?? null;
}
