import { describeLoss } from '../../common/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { startKey } from '../process/starts.js';
import { insertAttempt } from './end-tasks.js';
import { lapseLater } from './lapse-tasks.js';
import { tellOfEnd } from './wake-tasks.js';
import { noteSlot } from './settle-keys.js';
import { noteFailure } from './fail-task.js';
import { traitsIn } from './task-traits.js';
import { keyKeptUntil } from './unique-keys.js';
import { settlePlacesOf } from './start-log.js';

/** Reads `tasks_task_running`, which holds only tasks that run. */
export const TASKS_OF_WORKER = `
  SELECT seq, id, queue, name, attempt, lost, started_at, cancel_requested, traits, key FROM tasks_task
   WHERE state = 'running' AND worker = ?`;

/** Leases whose holder is not registered: its row went, its last claim came after. */
export const STRAY_WORKERS = `
  SELECT DISTINCT worker FROM tasks_task
   WHERE state = 'running' AND worker NOT IN (SELECT id FROM tasks_worker)`;

export const RESCUE_TASK = `
  UPDATE tasks_task SET state = 'available', excused = excused + 1, lost = lost + 1
   WHERE seq = ?`;

/** Claimed ahead and never begun: as if it had never been claimed. */
export const UNCLAIM_LOST_TASK = `
  UPDATE tasks_task SET state = 'available', attempt = attempt - 1, worker = NULL, started_at = NULL
   WHERE seq = ?`;

export const END_LOST_TASK = `
  UPDATE tasks_task SET state = ?, lost = lost + 1, finished_at = ?, expires_at = ?
   WHERE seq = ?`;

interface Row {
  seq: number;
  id: string;
  queue: string;
  name: string;
  attempt: number;
  lost: number;
  started_at: number;
  cancel_requested: number;
  traits: string | null;
  key: string | null;
}

export interface RescueRules {
  readonly now: number;
  readonly maxLostAttempts: number;
  keepFor(queue: string, state: 'failed' | 'cancelled'): number | null;
}

export function strayWorkers(database: Database): string[] {
  return statement<[], { worker: string }>(database, STRAY_WORKERS)
    .all()
    .map((row) => row.worker);
}

/**
 * Takes the leases of a worker that is dead. Each of its tasks
 *
 *     running ──> available, to run again; the lost attempt is on record and does not count
 *             ──> cancelled, where that had been asked for
 *             ──> failed, where it was lost `maxLostAttempts` times in a row: it may be what kills its process
 *
 * What it had claimed ahead and never begun becomes available as if it had never been claimed.
 *
 * @param begun what the worker had begun; null where that is not known, and all may have been
 * Returns how many tasks there were.
 */
export function rescueTasksOf(
  transaction: Transaction,
  worker: string,
  rules: RescueRules,
  begun: ReadonlySet<string> | null = null,
): number {
  const rows = statement<[string], Row>(transaction.database, TASKS_OF_WORKER).all(worker);
  settlePlacesOf(transaction, worker, (seq, attempt) => begun?.has(startKey(seq, attempt)) !== false, rules.now);
  for (const row of rows) {
    const untouched = begun !== null && row.cancel_requested === 0 && !begun.has(startKey(row.seq, row.attempt));
    if (untouched) unclaim(transaction, row);
    else rescue(transaction, worker, row, rules);
  }
  return rows.length;
}

function unclaim(transaction: Transaction, row: Row): void {
  const { seq, id, queue, attempt, traits } = row;
  statement<[number]>(transaction.database, UNCLAIM_LOST_TASK).run(seq);
  transaction.moved(queue, 'running', 'available');
  noteSlot(transaction, row, 'running', 'available');
  transaction.touch(queue, id);
  lapseLater(transaction, seq, traitsIn(traits).traits, attempt > 1);
}

function rescue(
  transaction: Transaction,
  worker: string,
  row: Row,
  { now, maxLostAttempts, keepFor }: RescueRules,
): void {
  const lost = row.lost + 1;
  const error = { name: 'WorkerLostError', message: describeLoss(lost, maxLostAttempts) };
  insertAttempt(transaction, {
    task: row.seq,
    attempt: row.attempt,
    worker,
    startedAt: row.started_at,
    finishedAt: now,
    outcome: 'lost',
    error,
  });
  transaction.touch(row.queue, row.id);
  transaction.tell('lost', row, error);
  if (row.cancel_requested === 0 && lost < maxLostAttempts) {
    statement<[number]>(transaction.database, RESCUE_TASK).run(row.seq);
    transaction.moved(row.queue, 'running', 'available');
    noteSlot(transaction, row, 'running', 'available');
    lapseLater(transaction, row.seq, traitsIn(row.traits).traits, true);
    return;
  }
  const state = row.cancel_requested ? 'cancelled' : 'failed';
  const keptUntil = keyKeptUntil(transaction.database, row.seq, traitsIn(row.traits).traits);
  const expiresAt = transaction.expiry(now, keepFor(row.queue, state), keptUntil);
  statement<[string, number, number | null, number]>(transaction.database, END_LOST_TASK).run(
    state,
    now,
    expiresAt,
    row.seq,
  );
  if (state === 'failed') noteFailure(transaction, { ...row, traits: traitsIn(row.traits).traits }, error, now);
  transaction.tell(state, row, state === 'failed' ? error : null);
  transaction.moved(row.queue, 'running', state);
  noteSlot(transaction, row, 'running', state);
  tellOfEnd(transaction, { seq: row.seq, id: row.id, ...traitsIn(row.traits) }, now);
  transaction.metric(row, now)[state] += 1;
}
