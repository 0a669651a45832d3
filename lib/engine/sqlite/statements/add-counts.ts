import type { TaskState } from '../../task.js';
import type { Database } from '../connection.js';
import { statement } from '../statement.js';

export const ADD_COUNT = `
  INSERT INTO tasks_count (queue, state, count) VALUES (?, ?, ?)
  ON CONFLICT (queue, state) DO UPDATE SET count = count + excluded.count`;

/** Adds to the number of tasks per queue and state, so that nobody has to count rows. */
export function addCounts(database: Database, deltas: ReadonlyMap<string, ReadonlyMap<TaskState, number>>): void {
  const add = statement<[string, TaskState, number]>(database, ADD_COUNT);
  for (const [queue, states] of deltas) {
    for (const [state, delta] of states) if (delta !== 0) add.run(queue, state, delta);
  }
}
