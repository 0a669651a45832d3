import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';

/** Skips through `tasks_task_claim` from queue to queue, however many tasks wait in each. */
export const AVAILABLE_QUEUES = `
  WITH RECURSIVE waiting (queue) AS (
    SELECT min(queue) FROM tasks_task WHERE state = 'available'
    UNION ALL
    SELECT (SELECT min(queue) FROM tasks_task WHERE state = 'available' AND queue > waiting.queue)
      FROM waiting WHERE waiting.queue IS NOT NULL
  )
  SELECT queue FROM waiting WHERE queue IS NOT NULL`;

/** Queues that have a task that may be claimed, paused or not. */
export function availableQueues(database: Database): string[] {
  return statement<[], string>(database, AVAILABLE_QUEUES).pluck().all();
}
