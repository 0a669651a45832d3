import type { QueueFlow } from '../../../contract/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
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
  transaction.available.add(queue);
  transaction.touch(queue);
}
