import type { TaskChange, TaskState } from '../../../contract/index.js';
import { UPDATE_STATES } from '../../../contract/index.js';
import { withVersion } from '../../common/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import type { FoundTask } from './act-on-tasks.js';
import { noteSlot, readyState } from './settle-keys.js';
import { traitsIn } from './task-traits.js';

export const UPDATE_WAITING_TASK = `
  UPDATE tasks_task SET state = ?, run_at = coalesce(?, run_at), priority = coalesce(?, priority), turn = NULL, parked = NULL
   WHERE seq = ?`;

export const UPDATE_PARAMS = `UPDATE tasks_task SET params = ?, sensitive = ?, traits = ? WHERE seq = ?`;

/** Changes a task that waits; returns false, with nothing changed, where it does not. */
export function updateTask(transaction: Transaction, task: FoundTask, change: TaskChange, now: number): boolean {
  if (!UPDATE_STATES.some((state) => state === task.state)) return false;
  const { database } = transaction;
  const { runAt = null, priority = null, params } = change;
  const state = stateOf(task, change, now);
  statement<[TaskState, number | null, number | null, number]>(database, UPDATE_WAITING_TASK).run(
    state,
    runAt,
    priority,
    task.seq,
  );
  if (params) {
    const { json, sensitive } = params;
    const hidden = sensitive.length > 0 ? JSON.stringify(sensitive) : null;
    const update = statement<[string, string | null, string | null, number]>(database, UPDATE_PARAMS);
    update.run(json, hidden, traitsWith(task.traits, params.version), task.seq);
  }
  transaction.touch(task.queue, task.id);
  if (state !== task.state) transaction.moved(task.queue, task.state, state);
  noteSlot(transaction, task, task.state, state);
  if (runAt !== null && runAt > now) transaction.due(runAt);
  return true;
}

/** One that is ready and has a key takes its place anew, which another priority is another one. */
function stateOf(task: FoundTask, { runAt }: TaskChange, now: number): TaskState {
  if (runAt !== undefined && runAt > now) return task.attempt > 0 ? 'retryable' : 'scheduled';
  if (runAt !== undefined) return readyState(task);
  return task.state === 'available' ? readyState(task) : task.state;
}

/** The params may be of another version than those before. */
function traitsWith(json: string | null, version: number): string | null {
  const traits = withVersion(traitsIn(json).traits ?? {}, version);
  return traits ? JSON.stringify(traits) : null;
}
