import type { DeliveredTask } from '../../task-engine.js';
import { statement } from '../statement.js';
import type { Transaction } from '../transaction.js';

/**
 * The first entries of `tasks_task_claim`, which holds available tasks alone, in this very order: the cost is that of the
 * tasks taken, however many wait or have ended.
 */
const NEXT = `
    FROM tasks_task
   WHERE state = 'available' AND queue = ?
   ORDER BY priority DESC, seq
   LIMIT ?`;

/** Read before they are taken, in the same transaction: that costs a tenth less than having the update return them. */
export const NEXT_TASKS = `
  SELECT seq, id, name, priority, attempt + 1, excused, max_attempts, run_at, created_at, settings, sensitive, params
  ${NEXT}`;

/** Takes the lease of those. */
export const CLAIM_TASKS = `
  UPDATE tasks_task
     SET state = 'running', attempt = attempt + 1, worker = ?, started_at = ?, cancel_requested = 0, progress = NULL
   WHERE seq IN (SELECT seq ${NEXT})`;

/** As an array: a quarter of a claim's cost would be naming the columns of each row. */
type Row = [
  seq: number,
  id: string,
  name: string,
  priority: number,
  attempt: number,
  excused: number,
  maxAttempts: number | null,
  runAt: number,
  createdAt: number,
  settings: string | null,
  sensitive: string | null,
  params: string,
];

/** A task whose lease this process holds: `(seq, attempt, worker)` is the fence that every later write names. */
export interface ClaimedTask extends DeliveredTask {
  readonly seq: number;
  readonly worker: string;
}

/** At most `limit` tasks of `queue`, in the order in which they are to run. */
export function claimTasks(
  transaction: Transaction,
  queue: string,
  limit: number,
  worker: string,
  now: number,
): ClaimedTask[] {
  const { database } = transaction;
  const rows = statement<[string, number], Row>(database, NEXT_TASKS).raw().all(queue, limit);
  if (rows.length === 0) return [];
  statement<[string, number, string, number]>(database, CLAIM_TASKS).run(worker, now, queue, limit);
  const tasks = rows.map(
    ([seq, id, name, priority, attempt, excused, maxAttempts, runAt, createdAt, settings, sensitive, params]) => ({
      seq,
      worker,
      id,
      queue,
      name,
      params,
      priority,
      runAt,
      createdAt,
      maxAttempts,
      settings,
      sensitive: sensitive === null ? [] : parsePaths(sensitive),
      attempt,
      excusedAttempts: excused,
    }),
  );
  transaction.moved(queue, 'available', 'running', tasks.length);
  for (const { id } of tasks) transaction.touch(queue, id);
  return tasks;
}

/** A list of paths that no longer parses must not stop its queue: the task then shows none of its params. */
export function parsePaths(text: string): string[] {
  try {
    const paths: unknown = JSON.parse(text);
    if (Array.isArray(paths) && paths.every((path) => typeof path === 'string')) return paths;
  } catch {
    // Falls through to the path that stands for everything.
  }
  return [''];
}
