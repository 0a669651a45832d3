import type { TaskTraits, UniqueClaim } from '../../../contract/index.js';
import { isHeld, type KeyTask, storedKey, takenKey, type TakenKey } from '../../common/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { runScript, type Script } from './run-script.js';
import type { Transaction } from '../store/transaction.js';

/** Before anything is read: it takes the write lock, so that what is read after it is so at the commit. */
export const FORGET_OVER = `DELETE FROM tasks_unique WHERE key = ? AND expires_at <= ?`;

export const FIND_KEY = `
  SELECT taken.task AS seq, taken.until, taken.taken_at AS takenAt, taken.expires_at AS expiresAt, taken.attempt AS takenWith,
         taken.merged, tasks_task.id, tasks_task.state, tasks_task.attempt, tasks_task.run_at AS runAt
    FROM tasks_unique AS taken LEFT JOIN tasks_task ON tasks_task.seq = taken.task
   WHERE taken.key = ?`;

export const TAKE_KEY = `
  INSERT INTO tasks_unique (key, task, until, attempt, taken_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET task = excluded.task, until = excluded.until, attempt = excluded.attempt,
    taken_at = excluded.taken_at, expires_at = excluded.expires_at, merged = NULL`;

/** Reads `tasks_unique_task`. */
export const KEY_OF_TASK = `SELECT expires_at FROM tasks_unique WHERE task = ?`;

interface Row extends Omit<TakenKey, 'attempt'>, KeyTask {
  readonly seq: number;
  readonly takenWith: number;
  readonly merged: string | null;
  /** Null where the task is gone, as all that is of it. */
  readonly id: string | null;
}

/** The task that holds a key. */
export interface KeyHolder {
  readonly key: string;
  readonly seq: number;
  readonly id: string;
  readonly taken: TakenKey;
  readonly task: KeyTask;
  /** Ids of tasks that were merged into it, as JSON; null where none were. */
  readonly merged: string | null;
}

/** The task that holds the key of a new one; null where none does. */
export function* keyHolder(key: string, now: number): Script<KeyHolder | null> {
  yield [FORGET_OVER, [key, now]];
  const [row] = (yield [FIND_KEY, [key]]) as readonly Row[];
  return row ? holderIn(row, key, now) : null;
}

function holderIn(row: Row, key: string, now: number): KeyHolder | null {
  const { seq, until, takenAt, expiresAt, takenWith, merged, id, state, attempt, runAt } = row;
  if (id === null) return null;
  const taken = { until, takenAt, expiresAt, attempt: takenWith };
  const task = { state, attempt, runAt };
  return isHeld(taken, task, now) ? { key, seq, id, taken, task, merged } : null;
}

/** Has a task take a key that nobody holds. */
export function* takeUniqueKey(
  key: string,
  seq: number,
  claim: UniqueClaim,
  attempt: number,
  now: number,
): Script<void> {
  const { until, takenAt, expiresAt } = takenKey(claim, attempt, now);
  yield [TAKE_KEY, [key, seq, until, attempt, takenAt, expiresAt]];
}

/**
 * Has a task that had ended take its key again. Returns the id of the one that holds it; null where it is the task's own.
 */
export function takeKeyAgain(
  transaction: Transaction,
  task: { readonly seq: number; readonly queue: string; readonly name: string; readonly attempt: number },
  traits: TaskTraits | undefined,
  now: number,
): string | null {
  if (!traits?.unique) return null;
  const { unique } = traits;
  const key = storedKey(task, unique);
  const holder = runScript(transaction, keyHolder(key, now));
  if (holder && holder.seq !== task.seq) return holder.id;
  runScript(transaction, takeUniqueKey(key, task.seq, unique, task.attempt, now));
  return null;
}

/** The id of the task that holds the key of this one, for a reader; null where none does. Absent where it has no key. */
export function keyHolderOf(
  database: Database,
  task: { readonly queue: string; readonly name: string },
  traits: TaskTraits | undefined,
  now: number,
): { readonly keyHolder?: string | null } {
  if (!traits?.unique) return {};
  const key = storedKey(task, traits.unique);
  const row = statement<[string], Row>(database, FIND_KEY).get(key);
  return { keyHolder: (row && holderIn(row, key, now)?.id) ?? null };
}

/** Until when a task is kept as it holds a key by time; null where nothing keeps it. */
export function keyKeptUntil(database: Database, seq: number, traits: TaskTraits | undefined): number | null {
  if (traits?.unique?.until !== 'time') return null;
  return statement<[number], { expires_at: number | null }>(database, KEY_OF_TASK).get(seq)?.expires_at ?? null;
}
