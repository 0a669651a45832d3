import type { QueueFlow } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';

export const FLOW_OF_QUEUE = `SELECT flow, flow_set FROM tasks_queue WHERE name = ?`;

export const DECLARED_FLOWS = `SELECT name, flow FROM tasks_queue WHERE flow IS NOT NULL`;

export const SET_FLOWS = `SELECT name, flow_set AS flow FROM tasks_queue WHERE flow_set IS NOT NULL`;

/** Reads one entry of `tasks_key_limit_at` for each queue. */
export const NEXT_KEY_LIMITED = `SELECT queue FROM tasks_key_limit WHERE queue > ? ORDER BY queue LIMIT 1`;

/** The columns of a queue's row that say what it lets run. */
export interface FlowColumns {
  readonly flow: string | null;
  readonly flow_set: string | null;
}

const NO_FLOW: QueueFlow = {};

/** What a queue lets run: what was declared, and over it what was set since. */
export function flowIn(row: FlowColumns | undefined): QueueFlow {
  if (!row || (row.flow === null && row.flow_set === null)) return NO_FLOW;
  return { ...parsedFlow(row.flow), ...parsedFlow(row.flow_set) };
}

export function flowOf(database: Database, queue: string): QueueFlow {
  return flowIn(statement<[string], FlowColumns>(database, FLOW_OF_QUEUE).get(queue));
}

/** By queue, as JSON; of those alone for which one was declared. */
export function declaredFlows(database: Database): Map<string, string> {
  const rows = statement<[], { name: string; flow: string }>(database, DECLARED_FLOWS).all();
  return new Map(rows.map(({ name, flow }) => [name, flow]));
}

/** Workers of the queues in each process, where they were set at run time. */
export function setConcurrencies(database: Database): Map<string, number> {
  const rows = statement<[], { name: string; flow: string }>(database, SET_FLOWS).all();
  return new Map(
    rows.flatMap(({ name, flow }) => {
      const { concurrency } = parsedFlow(flow);
      return concurrency === undefined ? [] : [[name, concurrency] as const];
    }),
  );
}

/** Queues of which something stands for limits of their keys, which they have no more. */
export function queuesOfGoneKeyLimits(database: Database): string[] {
  const queues: string[] = [];
  const next = statement<[string], string>(database, NEXT_KEY_LIMITED).pluck();
  for (let queue = next.get(''); queue !== undefined; queue = next.get(queue)) {
    if (!flowOf(database, queue).keyRateLimit) queues.push(queue);
  }
  return queues;
}

export function parsedFlow(json: string | null): QueueFlow {
  return json === null ? NO_FLOW : (JSON.parse(json) as QueueFlow);
}
