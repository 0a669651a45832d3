import { TASK_STATES, type TaskState } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { noteSlot } from '../sql/settle-keys.js';
import { RESCUE_TASK } from '../sql/rescue-tasks.js';
import { allWorkers, type WorkerRecord } from '../sql/worker-rows.js';
import type { Transaction } from '../store/transaction.js';

/** Counters that say something else than the rows. Reads every task: for a check, never for an app at work. */
const WRONG_COUNTS = `
  WITH counted AS (SELECT queue, state, count(*) AS count FROM tasks_task GROUP BY queue, state)
  SELECT queue, state, coalesce(counted.count, 0) AS tasks, coalesce(tasks_count.count, 0) AS counter
    FROM counted FULL JOIN tasks_count USING (queue, state)
   WHERE tasks <> counter
   ORDER BY queue, state`;

/**
 * What no claim leaves behind, so that something else set the state. As nobody can be said to have lost such an attempt,
 * or its number is taken, it cannot be put on record, and the rescuer of an app can do nothing about it.
 */
const BROKEN_LEASE = `
  state = 'running' AND (worker IS NULL OR started_at IS NULL OR EXISTS (
    SELECT 1 FROM tasks_attempt WHERE tasks_attempt.task = seq AND tasks_attempt.attempt = tasks_task.attempt))`;

const BROKEN_LEASES = `SELECT seq, id, queue, key FROM tasks_task WHERE ${BROKEN_LEASE}`;

const RUNNING_BY_WORKER = `
  SELECT worker, count(*) AS tasks FROM tasks_task
   WHERE state = 'running' AND NOT (${BROKEN_LEASE})
   GROUP BY worker ORDER BY worker`;

const UNKNOWN_STATES = `
  SELECT state, count(*) AS tasks FROM tasks_task
   WHERE state NOT IN (${TASK_STATES.map((state) => `'${state}'`).join(', ')})
   GROUP BY state ORDER BY state`;

/** Tables whose rows belong to a task and go with it. */
const PARTS = ['tasks_attempt', 'tasks_log'] as const;
export type Part = (typeof PARTS)[number];

export interface WrongCount {
  readonly queue: string;
  readonly state: TaskState;
  /** Rows there are. */
  readonly tasks: number;
  /** The number that the counter says. */
  readonly counter: number;
}

export function wrongCounts(database: Database): WrongCount[] {
  return statement<[], WrongCount>(database, WRONG_COUNTS).all();
}

export function correctCounts(transaction: Transaction): void {
  for (const { queue, state, tasks, counter } of wrongCounts(transaction.database)) {
    transaction.moved(queue, null, state, tasks - counter);
    transaction.touch(queue);
  }
}

/** How many tasks each worker runs. */
export function runningByWorker(database: Database): { worker: string; tasks: number }[] {
  return statement<[], { worker: string; tasks: number }>(database, RUNNING_BY_WORKER).all();
}

/** Registered workers that hold tasks. */
export function busyWorkers(database: Database): WorkerRecord[] {
  const busy = new Set(runningByWorker(database).map(({ worker }) => worker));
  return allWorkers(database).filter(({ id }) => busy.has(id));
}

interface BrokenLease {
  readonly seq: number;
  readonly id: string;
  readonly queue: string;
  readonly key: string | null;
}

/** Running tasks whose lease cannot be one. */
export function brokenLeases(database: Database): BrokenLease[] {
  return statement<[], BrokenLease>(database, BROKEN_LEASES).all();
}

/** Hands back the tasks whose lease cannot be one, without putting an attempt on record. */
export function breakLeases(transaction: Transaction): void {
  for (const task of brokenLeases(transaction.database)) {
    const { seq, id, queue } = task;
    statement<[number]>(transaction.database, RESCUE_TASK).run(seq);
    transaction.moved(queue, 'running', 'available');
    noteSlot(transaction, task, 'running', 'available');
    transaction.touch(queue, id);
  }
}

export function unknownStates(database: Database): { state: string; tasks: number }[] {
  return statement<[], { state: string; tasks: number }>(database, UNKNOWN_STATES).all();
}

/** How many attempts and lines of log belong to a task that there is not. */
export function strayParts(database: Database): { part: Part; rows: number }[] {
  return PARTS.map((part) => ({
    part,
    rows: database.prepare<[], number>(`SELECT count(*) FROM pragma_foreign_key_check('${part}')`).pluck().get()!,
  })).filter(({ rows }) => rows > 0);
}

export function deleteStrayParts({ database }: Transaction): void {
  for (const part of PARTS) {
    statement(database, `DELETE FROM ${part} WHERE task NOT IN (SELECT seq FROM tasks_task)`).run();
  }
}
