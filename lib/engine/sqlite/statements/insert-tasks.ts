import type { EntityManager } from 'typeorm';
import type { NewTask, TaskState } from '../../index.js';
import { storeError } from '../sqlite-errors.js';
import { statement } from '../statement.js';
import type { Transaction } from '../transaction.js';
import { ADD_COUNT } from './add-counts.js';

/** A task that is stored already is left as it is: whoever hands tasks over may do so again after a crash. */
export const INSERT_TASK = `
  INSERT INTO tasks_task (id, queue, name, state, priority, max_attempts, run_at, created_at, settings, sensitive, params)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO NOTHING`;

/** TypeORM does not tell how many rows an INSERT changed; rows that it returns can be counted. */
const INSERT_TASK_RETURNING = `${INSERT_TASK} RETURNING id`;

type InsertParameters = [
  string,
  string,
  string,
  TaskState,
  number,
  number | null,
  number,
  number,
  string | null,
  string | null,
  string,
];

function stateAt(task: NewTask, now: number): TaskState {
  return task.runAt > now ? 'scheduled' : 'available';
}

function parametersOf(task: NewTask, state: TaskState): InsertParameters {
  return [
    task.id,
    task.queue,
    task.name,
    state,
    task.priority,
    task.maxAttempts,
    task.runAt,
    task.createdAt,
    task.settings,
    task.sensitive.length > 0 ? JSON.stringify(task.sensitive) : null,
    task.params,
  ];
}

/** Stores new tasks within the engine's own transaction. */
export function insertTasks(transaction: Transaction, tasks: readonly NewTask[], now: number): void {
  const insert = statement<InsertParameters>(transaction.database, INSERT_TASK);
  for (const task of tasks) {
    const state = stateAt(task, now);
    if (insert.run(...parametersOf(task, state)).changes === 0) continue;
    transaction.moved(task.queue, null, state);
    transaction.touch(task.queue, task.id);
    if (state === 'scheduled') transaction.due(task.runAt);
  }
}

/**
 * Stores new tasks within the caller's transaction, on the caller's connection: there if and only if it commits.
 * @throws StoreError where that fails; TypeORM's own error would carry the params
 */
export async function insertTasksWithin(manager: EntityManager, tasks: readonly NewTask[], now: number): Promise<void> {
  const counts = new Map<string, [queue: string, state: TaskState, count: number]>();
  try {
    for (const task of tasks) {
      const state = stateAt(task, now);
      const inserted: unknown[] = await manager.query(INSERT_TASK_RETURNING, parametersOf(task, state));
      if (inserted.length === 0) continue;
      const key = `${state} ${task.queue}`;
      const count = counts.get(key) ?? [task.queue, state, 0];
      count[2] += 1;
      counts.set(key, count);
    }
    for (const count of counts.values()) await manager.query(ADD_COUNT, count);
  } catch (error) {
    const { driverError } = error as { driverError?: unknown };
    throw storeError(driverError ?? error, 'The task was not stored in the given transaction');
  }
}
