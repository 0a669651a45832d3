import type { TaskFilter } from '../../../contract/index.js';
import { isAnyOf } from '../../common/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';

/** A queue, and a name of tasks in it. There are about as many as there are handlers. */
export interface TaskKind {
  readonly queue: string;
  readonly name: string;
}

/** Jumps from one kind to the next in `tasks_task_by_kind`: its cost is that of the kinds, however many tasks there are. */
export const TASK_KINDS = `
  WITH RECURSIVE kind (queue, name) AS (
    SELECT * FROM (SELECT queue, name FROM tasks_task WHERE state <> 'running' ORDER BY queue, name LIMIT 1)
    UNION ALL
    SELECT next.queue, next.name
      FROM kind
      JOIN tasks_task AS next
        ON next.seq = coalesce(
             (SELECT seq FROM tasks_task
               WHERE state <> 'running' AND queue = kind.queue AND name > kind.name
               ORDER BY name LIMIT 1),
             (SELECT seq FROM tasks_task
               WHERE state <> 'running' AND queue > kind.queue
               ORDER BY queue, name LIMIT 1))
  )
  SELECT queue, name FROM kind`;

/** Every kind of which there is a task that does not run, or those of some queues or names. */
export function taskKinds(database: Database, { queue, name }: Pick<TaskFilter, 'queue' | 'name'> = {}): TaskKind[] {
  const kinds = statement<[], TaskKind>(database, TASK_KINDS).all();
  return kinds.filter((kind) => isAnyOf(queue, kind.queue) && isAnyOf(name, kind.name));
}
