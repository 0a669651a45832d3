import { GROUPED_MESSAGE_LENGTH, type Failure } from '../../failure-groups.js';
import type { Database } from '../connection.js';
import { statement } from '../statement.js';

/** A task that failed, with the last error of its attempts; of a message no more than is needed to group it. */
export const FAILURE = `
  SELECT tasks_task.id, tasks_task.queue, tasks_task.name, tasks_task.finished_at AS at, error_name AS errorName,
         substr(error_message, 1, ${GROUPED_MESSAGE_LENGTH}) AS message
    FROM tasks_task
    LEFT JOIN tasks_attempt
      ON tasks_attempt.task = seq
     AND tasks_attempt.attempt = (SELECT max(attempt) FROM tasks_attempt WHERE task = seq AND error_name IS NOT NULL)
   WHERE seq = ? AND state = 'failed'`;

interface Row {
  id: string;
  queue: string;
  name: string;
  at: number;
  errorName: string | null;
  message: string | null;
}

/** Null where it is not failed any more. */
export function readFailure(database: Database, seq: number): Failure | null {
  const row = statement<[number], Row>(database, FAILURE).get(seq);
  if (!row) return null;
  const { id, queue, name, at, errorName, message } = row;
  return { id, queue, name, at, error: { name: errorName ?? 'Error', message: message ?? '' } };
}
