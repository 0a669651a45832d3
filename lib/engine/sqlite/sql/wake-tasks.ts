import { hasEnded, type StepWait, type TaskState, type TaskTraits } from '../../../contract/index.js';
import type { StepPlace } from '../../port/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { type EndedTask, type LapsingTask, lapseLater } from './lapse-tasks.js';
import { settleLater } from './settle-later.js';
import { noteSlot, readyState } from './settle-keys.js';
import { traitsIn } from './task-traits.js';

/** Reads `tasks_step_open`, which holds only what is waited for; by its last attempt, as the code may have changed since. */
export const OPEN_WAITS = `
  SELECT tasks_step.kind, tasks_step.name, number, wait
    FROM tasks_step INDEXED BY tasks_step_open JOIN tasks_task ON seq = task AND tasks_task.attempt = tasks_step.attempt
   WHERE task = ? AND tasks_step.finished_at IS NULL
   ORDER BY position`;

export const FINISH_WAIT = `
  UPDATE tasks_step SET finished_at = ?, result = ?, sensitive = ?, wait = ?
   WHERE task = ? AND kind = ? AND name = ? AND number = ?`;

export const STATE_OF_TASK = `SELECT state FROM tasks_task WHERE id = ?`;

/** Of a task that was called anew since, the end of the one before wakes nobody. */
export const WAITING_CALLER = `
  SELECT seq, id, queue, tasks_task.name, state, tasks_task.attempt, traits
    FROM tasks_task JOIN tasks_step ON task = seq AND tasks_step.attempt = tasks_task.attempt
   WHERE id = ? AND state = 'suspended' AND kind = 'call' AND tasks_step.name = ? AND number = ?
     AND tasks_step.finished_at IS NULL AND wait ->> '$.task' = ?`;

export const WAKE_TASK = `
  UPDATE tasks_task
     SET state = ?, run_at = ?, turn = NULL,
         traits = CASE WHEN json_valid(traits) THEN json_remove(traits, '$.waitingFor') END
   WHERE seq = ? AND state = 'suspended'`;

/** A step that is waited for. */
export interface OpenWait extends StepPlace {
  readonly wait: StepWait;
}

/** What came of a wait. */
export interface WaitEnd {
  /** JSON. */
  readonly result: string;
  /** JSON list of paths. */
  readonly sensitive: string | null;
}

const TIME_IS_OVER: WaitEnd = { result: 'null', sensitive: null };

/** What a task waits for, in the order in which it began to. */
export function openWaits(database: Database, task: number): OpenWait[] {
  const rows = statement<[number], StepPlace & { wait: string }>(database, OPEN_WAITS).all(task);
  return rows.map((row) => ({ ...row, wait: JSON.parse(row.wait) as StepWait }));
}

export function finishWait(
  database: Database,
  task: number,
  { kind, name, number, wait }: OpenWait,
  { result, sensitive }: WaitEnd,
  now: number,
): void {
  const finish = statement<Array<string | number | null>>(database, FINISH_WAIT);
  finish.run(now, result, sensitive, JSON.stringify(wait), task, kind, name, number);
}

/**
 * A task has ended, or is gone: the step that called it, where one did, goes on, and its node of a workflow counts it. One
 * claimed row says by itself that there is none of these, and most do.
 */
export function tellOfEnd(transaction: Transaction, { seq, id, traits }: EndedTask, now: number): void {
  if (traits?.workflow) settleLater(transaction, seq);
  if (!traits?.caller) return;
  const { task: caller, step, number } = traits.caller;
  const find = statement<[string, string, number, string], LapsingTask>(transaction.database, WAITING_CALLER);
  const task = find.get(caller, step, number, id);
  if (task) wakeTask(transaction, task, now);
}

/** Whether any task that a suspended one calls has ended by now, or is gone. */
export function isCallOver(database: Database, task: number): boolean {
  const state = statement<[string], TaskState>(database, STATE_OF_TASK).pluck();
  return openWaits(database, task).some(({ wait }) => {
    const found = wait.task === undefined ? 'available' : state.get(wait.task);
    return found === undefined || hasEnded(found);
  });
}

/** A suspended task goes on; with a key once that has a slot for it. */
export function wakeTask(
  transaction: Transaction,
  { seq, id, queue, traits }: Pick<LapsingTask, 'seq' | 'id' | 'queue' | 'traits'>,
  now: number,
): void {
  const left = withoutWait(traits);
  const ready = readyState({ key: left.key });
  const wake = statement<[string, number, number]>(transaction.database, WAKE_TASK);
  if (wake.run(ready, now, seq).changes === 0) return;
  transaction.moved(queue, 'suspended', ready);
  transaction.touch(queue, id);
  noteSlot(transaction, { seq, queue, key: left.key }, 'suspended', ready);
  lapseLater(transaction, seq, left, true);
}

/**
 * What a suspended task waits for until now is over, and it goes on; where nothing is, it is looked at again when something is.
 * One that waits for nothing goes on, too: it would be looked at again at once, and for ever.
 */
export function wakeDue(transaction: Transaction, task: LapsingTask, now: number): void {
  const { database } = transaction;
  if (endDueWaits(database, task.seq, now) || openWaits(database, task.seq).length === 0)
    wakeTask(transaction, task, now);
  else lapseLater(transaction, task.seq, traitsIn(task.traits).traits, true);
}

/** Returns whether any wait is over by now. */
export function endDueWaits(database: Database, task: number, now: number): boolean {
  const due = openWaits(database, task).filter(({ wait }) => (wait.until ?? Infinity) <= now);
  for (const wait of due) finishWait(database, task, wait, TIME_IS_OVER, now);
  return due.length > 0;
}

function withoutWait(json: string | null): TaskTraits {
  const { waitingFor: _waitingFor, ...traits } = traitsIn(json).traits ?? {};
  return traits;
}
