import type { QueueDepth } from '../../task-engine.js';
import { noTasks, type TaskState } from '../../task.js';
import type { Database } from '../connection.js';
import { statement } from '../statement.js';
import { queueRows } from './queue-rows.js';

export const ALL_COUNTS = `SELECT queue, state, count FROM tasks_count WHERE count <> 0`;

/** The task that came first is the one that has waited longest, but for priorities and retries. */
export const OLDEST_AVAILABLE = `
  SELECT run_at FROM tasks_task
   WHERE state <> 'running' AND queue = ? AND state = 'available'
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
  const paused = [...rows.values()].filter((row) => row.paused_at !== null).map((row) => row.name);
  const names = new Set([...counts.keys(), ...paused]);
  return [...names].sort().map((queue) => ({
    queue,
    counts: counts.get(queue) ?? noTasks(),
    paused: rows.get(queue)?.paused_at != null,
    oldestAvailableAt: statement<[string], { run_at: number }>(database, OLDEST_AVAILABLE).get(queue)?.run_at ?? null,
  }));
}
