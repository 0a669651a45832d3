import type { QueueFlow } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';

export const FLOW_OF_QUEUE = `SELECT flow, flow_set FROM tasks_queue WHERE name = ?`;

export const DECLARED_FLOWS = `SELECT name, flow FROM tasks_queue WHERE flow IS NOT NULL`;

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

export function parsedFlow(json: string | null): QueueFlow {
  return json === null ? NO_FLOW : (JSON.parse(json) as QueueFlow);
}
