import { hasEnded } from '../../../contract/index.js';
import type { NewSignal, StepAnswer, StepLease, StepRecord } from '../../port/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { findTask } from './act-on-tasks.js';
import { parsePaths } from './name-rows.js';
import { MARK_BESIDE } from './result-rows.js';
import { leasedTask, putStep } from './step-rows.js';
import { finishWait, type OpenWait, openWaits, wakeTask } from './wake-tasks.js';

export const INSERT_SIGNAL = `INSERT INTO tasks_signal (task, name, sent_at, sensitive, payload) VALUES (?, ?, ?, ?, ?)`;

/** Reads `tasks_signal_task`: the earliest of each name, and of those the earliest; null where there is none of them. */
export const NEXT_SIGNAL = `
  SELECT (SELECT min(id) FROM tasks_signal WHERE task = ? AND name = wanted.value) AS earliest
    FROM json_each(?) AS wanted
   ORDER BY earliest NULLS LAST
   LIMIT 1`;

export const TAKE_SIGNAL = `DELETE FROM tasks_signal WHERE id = ? RETURNING name, payload, sensitive`;

interface TakenSignal {
  readonly name: string;
  readonly payload: string;
  readonly sensitive: string | null;
}

/** Takes the earliest signal of any of those names that was sent to the task. */
function takeSignal(database: Database, task: number, names: readonly string[]): TakenSignal | null {
  const next = statement<[number, string], number | null>(database, NEXT_SIGNAL)
    .pluck()
    .get(task, JSON.stringify(names));
  return next == null ? null : statement<[number], TakenSignal>(database, TAKE_SIGNAL).get(next)!;
}

/** The signals that were sent to a task answer its waits for them; returns whether any is answered. */
export function answerBySignals(database: Database, task: number, now: number): boolean {
  let isAnswered = false;
  for (const open of openWaits(database, task)) {
    const taken = open.wait.signals && takeSignal(database, task, open.wait.signals);
    if (!taken) continue;
    finishBySignal(database, task, open, taken, now);
    isAnswered = true;
  }
  return isAnswered;
}

/** Takes a signal for an attempt that asks for it, and records that; null where there is none. */
export function takeForAttempt(
  transaction: Transaction,
  lease: StepLease,
  asked: StepRecord,
  now: number,
): StepRecord | null {
  const { database } = transaction;
  const task = leasedTask(database, lease);
  const taken = task && takeSignal(database, task.seq, asked.wait?.signals ?? []);
  if (!taken) return null;
  const sensitive = taken.sensitive === null ? [] : parsePaths(taken.sensitive);
  const wait = { ...asked.wait, signal: taken.name };
  const record = { ...asked, wait, sensitive, result: taken.payload, finishedAt: now };
  putStep(database, task, lease.attempt, record);
  transaction.touch(lease.queue, lease.id);
  return record;
}

/** Sends a signal to a task: what waits for it takes it, and goes on; else it is kept. */
export function sendSignal(transaction: Transaction, id: string, signal: NewSignal, now: number): StepAnswer {
  const { database } = transaction;
  const task = findTask(transaction, { id });
  if (!task || hasEnded(task.state)) return { done: false, state: task?.state ?? null };
  const { name, payload } = signal;
  const sensitive = signal.sensitive.length > 0 ? JSON.stringify(signal.sensitive) : null;
  const waits = task.state === 'suspended' ? openWaits(database, task.seq) : [];
  const open = waits.find(({ wait }) => wait.signals?.includes(name));
  if (open) {
    finishBySignal(database, task.seq, open, { name, payload, sensitive }, now);
    wakeTask(transaction, task, now);
  } else {
    const insert = statement<Array<string | number | null>>(database, INSERT_SIGNAL);
    insert.run(task.seq, name, now, sensitive, payload);
    statement<[number]>(database, MARK_BESIDE).run(task.seq);
    transaction.touch(task.queue, id);
  }
  return { done: true, state: task.state };
}

function finishBySignal(database: Database, task: number, open: OpenWait, taken: TakenSignal, now: number): void {
  const { name, payload, sensitive } = taken;
  finishWait(database, task, { ...open, wait: { ...open.wait, signal: name } }, { result: payload, sensitive }, now);
}
