import type { QueueFlow } from '../../../contract/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { limitsOfKeys } from './start-log.js';
import { FLOW_OF_QUEUE, type FlowColumns, flowOf, parsedFlow } from './flow-rows.js';

export const DECLARE_FLOW = `
  INSERT INTO tasks_queue (name, flow) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET flow = excluded.flow`;

export const SET_FLOW = `
  INSERT INTO tasks_queue (name, flow_set) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET flow_set = excluded.flow_set`;

/** Reads `tasks_task_running`: what runs now counts among what runs from now on. */
export const COUNT_RUNNING_IN = `
  UPDATE tasks_task SET key = '' WHERE state = 'running' AND queue = ? AND key IS NULL`;

/** Claims look anew at each key that waits for a place. */
export const LOOK_AT_KEYS = `UPDATE tasks_key_limit SET at = 0 WHERE queue = ? AND waits = 1`;

/** Reads `tasks_task_parked`. */
export const UNPARK_KEYS = `
  UPDATE tasks_task SET parked = NULL
   WHERE seq IN (SELECT seq FROM tasks_task WHERE parked >= ? AND parked < ? AND state = 'available' LIMIT ?)`;

const FORGET_KEY_LIMITS = `DELETE FROM tasks_key_limit WHERE queue = ?`;
const FORGET_KEY_STARTS = `DELETE FROM tasks_start WHERE name >= ? AND name < ?`;

/** @param flow JSON; null: nothing limits the queue */
export function declareFlow(transaction: Transaction, queue: string, flow: string | null): void {
  statement<[string, string | null]>(transaction.database, DECLARE_FLOW).run(queue, flow);
  noteChange(transaction, queue);
}

/** Sets parts of a queue's flow over what is declared; one that is null is as declared again. */
export function setFlow(
  transaction: Transaction,
  queue: string,
  change: { readonly [Part in keyof QueueFlow]: QueueFlow[Part] | null },
): void {
  const { database } = transaction;
  const row = statement<[string], FlowColumns>(database, FLOW_OF_QUEUE).get(queue);
  const set = Object.entries({ ...parsedFlow(row?.flow_set ?? null), ...change }).filter(([, value]) => value != null);
  const json = set.length > 0 ? JSON.stringify(Object.fromEntries(set)) : null;
  statement<[string, string | null]>(database, SET_FLOW).run(queue, json);
  noteChange(transaction, queue);
}

function noteChange(transaction: Transaction, queue: string): void {
  const { globalConcurrency } = flowOf(transaction.database, queue);
  if (globalConcurrency !== undefined) statement<[string]>(transaction.database, COUNT_RUNNING_IN).run(queue);
  statement<[string]>(transaction.database, LOOK_AT_KEYS).run(queue);
  transaction.available.add(queue);
  transaction.touch(queue);
}

/**
 * Lets at most so many tasks into the line again that wait for a place of their key's rate limit, where keys have none any
 * more. Returns how many there were.
 */
export function unparkKeys(transaction: Transaction, queue: string, most: number): number {
  const { database } = transaction;
  if (flowOf(database, queue).keyRateLimit) return 0;
  const names = limitsOfKeys(queue);
  const { changes } = statement<[string, string, number]>(database, UNPARK_KEYS).run(...names, most);
  if (changes > 0) {
    transaction.available.add(queue);
    transaction.touch(queue);
  }
  if (changes === most) return changes;
  statement<[string]>(database, FORGET_KEY_LIMITS).run(queue);
  statement<[string, string]>(database, FORGET_KEY_STARTS).run(...names);
  return changes;
}
