import { lapseError, lapseOf, nextLapse } from '../../common/index.js';
import { hasEnded, type LapseReason, type TaskState, type TaskTraits } from '../../../contract/index.js';
import type { EngineContext } from '../../port/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { noteSlot } from './settle-keys.js';
import { noteFailure } from './fail-task.js';
import { traitsIn } from './task-traits.js';
import { keyKeptUntil } from './unique-keys.js';

/** Reads `tasks_lapse_at`, which holds only tasks that have a time by which they must have started or ended. */
export const DUE_LAPSES = `
  SELECT tasks_lapse.task AS seq, id, queue, name, state, attempt, traits, key
    FROM tasks_lapse LEFT JOIN tasks_task ON tasks_task.seq = tasks_lapse.task
   WHERE at <= ?
   ORDER BY at
   LIMIT ?`;

export const NEXT_LAPSE = `SELECT at FROM tasks_lapse ORDER BY at LIMIT 1`;

export const PUT_LAPSE = `
  INSERT INTO tasks_lapse (task, at) VALUES (?, ?)
  ON CONFLICT (task) DO UPDATE SET at = excluded.at`;

export const DELETE_LAPSE = `DELETE FROM tasks_lapse WHERE task = ?`;

/** Ends a task that waits, and says why. */
export const END_LAPSED_TASK = `
  UPDATE tasks_task
     SET state = ?, finished_at = ?, expires_at = ?, unhandled_since = NULL, traits = json_remove(json_set(traits, '$.reason', ?), '$.waitingFor')
   WHERE seq = ?`;

/** A task whose time has come. */
export interface LapsingTask {
  readonly seq: number;
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly state: TaskState;
  readonly attempt: number;
  readonly traits: string | null;
  readonly key: string | null;
}

/** A task that has ended, or is gone. */
export interface EndedTask {
  readonly seq: number;
  readonly id: string;
  readonly traits?: TaskTraits | undefined;
}

/** What goes on where the time of a task has come. */
export interface Waking {
  wakeDue(transaction: Transaction, task: LapsingTask, now: number): void;
  tellOfEnd(transaction: Transaction, task: EndedTask, now: number): void;
}

/**
 * Goes through at most `limit` tasks whose time has come; returns how many there were.
 *
 *     waits, never started, its startBy is over ──> cancelled, with the reason `expired`
 *     waits, its deadline is over               ──> failed with a DeadlineError
 *     waits, has started, its startBy is over   ──> looked at again at its deadline
 *     is suspended until now                    ──> goes on, see `wakeDue`
 *     runs, or has ended                        ──> looked at no more: an attempt that does not end it notes it anew
 */
export function lapseTasks(
  transaction: Transaction,
  now: number,
  limit: number,
  keepFor: EngineContext['keepFor'],
  waking: Waking,
): number {
  const { database } = transaction;
  const rows = statement<[number, number], LapsingTask | { seq: number; state: null }>(database, DUE_LAPSES).all(
    now,
    limit,
  );
  const forget = statement<[number]>(database, DELETE_LAPSE);
  for (const row of rows) {
    forget.run(row.seq);
    if (row.state === null || row.state === 'running' || hasEnded(row.state)) continue;
    const { traits = {} } = traitsIn(row.traits);
    const reason = lapseOf(traits, row.attempt > 0, now);
    if (reason === null && row.state === 'suspended') waking.wakeDue(transaction, row, now);
    else if (reason === null) lapseLater(transaction, row.seq, traits, row.attempt > 0);
    else {
      end(transaction, row, { ...traits, reason }, now, keepFor);
      waking.tellOfEnd(transaction, { seq: row.seq, id: row.id, traits }, now);
    }
  }
  return rows.length;
}

/** Notes when a task that waits lapses next, or goes on, where it ever does. */
export function lapseLater(
  transaction: Transaction,
  seq: number,
  traits: TaskTraits | undefined,
  hasStarted: boolean,
): void {
  const lapse = nextLapse(traits ?? {}, hasStarted) ?? Infinity;
  const at = Math.min(lapse, traits?.waitingFor?.until ?? Infinity);
  if (at === Infinity) return;
  statement<[number, number]>(transaction.database, PUT_LAPSE).run(seq, at);
  transaction.lapses(at);
}

/** When the next task lapses; null where none does. */
export function nextLapseAt(database: Database): number | null {
  return statement<[], { at: number }>(database, NEXT_LAPSE).get()?.at ?? null;
}

function end(
  transaction: Transaction,
  row: LapsingTask,
  traits: TaskTraits & { readonly reason: LapseReason },
  now: number,
  keepFor: EngineContext['keepFor'],
): void {
  const { reason } = traits;
  const state = reason === 'expired' ? 'cancelled' : 'failed';
  const keptUntil = keyKeptUntil(transaction.database, row.seq, traits);
  const expiresAt = transaction.expiry(now, keepFor(row.queue, state), keptUntil);
  statement<[string, number, number | null, string, number]>(transaction.database, END_LAPSED_TASK).run(
    state,
    now,
    expiresAt,
    reason,
    row.seq,
  );
  const error = lapseError(traits);
  if (error) noteFailure(transaction, { ...row, traits }, error, now);
  transaction.tell(state, row, error);
  transaction.moved(row.queue, row.state, state);
  noteSlot(transaction, row, row.state, state);
  transaction.touch(row.queue, row.id);
  transaction.metric(row, now)[state] += 1;
}
