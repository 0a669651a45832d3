import { noTasks, type QueueDepth, type TaskState } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { queueRows } from './claim-tasks.js';
import { parsedFlow } from './flow-rows.js';
import { taskKinds } from './task-kinds.js';

export const ALL_COUNTS = `SELECT queue, state, count FROM tasks_count WHERE count <> 0`;

/** The first task of each kind is the one that has waited longest, but for priorities and retries. */
export const OLDEST_AVAILABLE = `
  SELECT run_at FROM tasks_task
   WHERE state <> 'running' AND queue = ? AND name = ? AND state = 'available'
   ORDER BY seq
   LIMIT 1`;

/** Number of tasks by queue and state, for every queue that has any. */
export function allCounts(database: Database): Map<string, Record<TaskState, number>> {
  const counts = new Map<string, Record<TaskState, number>>();
  const rows = statement<[], { queue: string; state: TaskState; count: number }>(database, ALL_COUNTS).all();
  for (const { queue, state, count } of rows) {
    let states = counts.get(queue);
    if (!states) counts.set(queue, (states = noTasks()));
    states[state] = count;
  }
  return counts;
}

export function queueDepths(database: Database): QueueDepth[] {
  const rows = queueRows(database);
  const counts = allCounts(database);
  const steered = [...rows.values()].filter((row) => row.paused_at !== null || row.flow_set !== null);
  const names = new Set([...counts.keys(), ...steered.map(({ name }) => name)]);
  const oldest = oldestAvailable(database);
  return [...names].sort().map((queue) => {
    const row = rows.get(queue);
    return {
      queue,
      counts: counts.get(queue) ?? noTasks(),
      paused: row?.paused_at != null,
      oldestAvailableAt: oldest.get(queue) ?? null,
      ...(row?.flow_set != null && { set: parsedFlow(row.flow_set) }),
    };
  });
}

/** By queue, when the task that has waited longest could have run. */
function oldestAvailable(database: Database): Map<string, number> {
  const find = statement<[string, string], { run_at: number }>(database, OLDEST_AVAILABLE);
  const oldest = new Map<string, number>();
  for (const { queue, name } of taskKinds(database)) {
    const first = find.get(queue, name)?.run_at ?? Infinity;
    if (first < (oldest.get(queue) ?? Infinity)) oldest.set(queue, first);
  }
  return oldest;
}
