import type { ENDED_STATES } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { allCounts } from './queue-depths.js';
import { taskKinds } from './task-kinds.js';

type EndedState = (typeof ENDED_STATES)[number];

/** Tasks that are looked at beyond those that are to go: what was enqueued first need not have ended first. */
const LOOKED_BEYOND = 200;

/** The tasks of a kind that were enqueued first, but those that hold a key by time, and those that go with their workflow. Reads `tasks_task_by_kind`. */
export const FIRST_ENDED = `
  SELECT seq, id, finished_at FROM tasks_task
   WHERE state <> 'running' AND queue = ? AND name = ? AND state = ?
     AND (beside IS NULL
          OR NOT EXISTS (SELECT 1 FROM tasks_unique WHERE task = seq AND until = 'time' AND tasks_unique.expires_at > ?)
             AND NOT EXISTS (SELECT 1 FROM tasks_node_task WHERE task = seq))
   ORDER BY seq
   LIMIT ?`;

/** Attempts and logs go with their task. */
export const DELETE_TASKS = `DELETE FROM tasks_task WHERE seq IN (SELECT value FROM json_each(?))`;

/** More tasks of a queue have ended in a state than are kept. */
export interface Excess {
  readonly queue: string;
  readonly state: EndedState;
  readonly tasks: number;
}

/** By the counters: no task is looked at. */
export function excesses(
  database: Database,
  states: readonly EndedState[],
  keepAtMost: (queue: string, state: EndedState) => number | null,
): Excess[] {
  return [...allCounts(database)].flatMap(([queue, counts]) =>
    states
      .map((state) => ({ queue, state, tasks: counts[state] - (keepAtMost(queue, state) ?? Infinity) }))
      .filter(({ tasks }) => tasks > 0),
  );
}

/** Deletes at most `limit` of them, those that ended first among the first that were enqueued; returns how many. */
export function deleteExcess(
  transaction: Transaction,
  { queue, state, tasks }: Excess,
  limit: number,
  now: number,
): number {
  const { database } = transaction;
  const gone = Math.min(tasks, limit);
  const first = statement<[string, string, string, number, number], { seq: number; id: string; finished_at: number }>(
    database,
    FIRST_ENDED,
  );
  const found = taskKinds(database, { queue }).flatMap(({ name }) =>
    first.all(queue, name, state, now, gone + LOOKED_BEYOND),
  );
  const oldest = found
    .toSorted((one, other) => one.seq - other.seq)
    .slice(0, gone + LOOKED_BEYOND)
    .toSorted((one, other) => one.finished_at - other.finished_at)
    .slice(0, gone);
  statement<[string]>(database, DELETE_TASKS).run(JSON.stringify(oldest.map(({ seq }) => seq)));
  for (const { id } of oldest) {
    transaction.moved(queue, state, null);
    transaction.touch(queue, id);
  }
  return oldest.length;
}
