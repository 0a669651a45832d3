import type { EntityManager } from 'typeorm';
import type { NewTask, TaskState } from '../../index.js';
import { storeError } from '../sqlite-errors.js';
import { placeholders, statement } from '../statement.js';
import type { Transaction } from '../transaction.js';
import { ADD_COUNT } from './add-counts.js';

/** How many rows one statement inserts: calling SQLite costs as much as a third of a row. */
const SIZES = [50, 10, 1] as const;

/** What tasks that are enqueued together nearly always have in common; then id and params, a pair for each. */
const SHARED = [
  'queue',
  'name',
  'state',
  'priority',
  'max_attempts',
  'run_at',
  'created_at',
  'settings',
  'sensitive',
  'parent_id',
] as const;

/** A task that is stored already is left as it is: whoever hands tasks over may do so again after a crash. */
export const INSERT_TASK = insertSql(1);

function insertSql(rows: number): string {
  const shared = SHARED.map(() => '?').join(', ');
  const source =
    rows === 1
      ? `VALUES (${shared}, ?, ?)`
      : `SELECT ${shared}, column1, column2 FROM (VALUES ${placeholders(2, rows)}) WHERE true`;
  return `
  INSERT INTO tasks_task (${SHARED.join(', ')}, id, params)
  ${source}
  ON CONFLICT (id) DO NOTHING`;
}

const INSERT = new Map<number, string>(SIZES.map((size) => [size, size === 1 ? INSERT_TASK : insertSql(size)]));

/** TypeORM does not tell how many rows an INSERT changed; rows that it returns can be counted. */
const INSERT_RETURNING = new Map<number, string>([...INSERT].map(([size, sql]) => [size, `${sql} RETURNING id`]));

/** Rows that one statement inserts, in the order of their arrival. */
interface Rows {
  readonly tasks: readonly NewTask[];
  readonly queue: string;
  readonly state: TaskState;
  readonly runAt: number;
  /** `SHARED`, then an id and params for each. */
  readonly parameters: (string | number | null)[];
}

function* statementsFor(tasks: readonly NewTask[], now: number): Generator<Rows> {
  for (let start = 0; start < tasks.length;) {
    const first = tasks[start]!;
    let end = start + 1;
    while (end < tasks.length && end - start < SIZES[0] && alike(first, tasks[end]!)) end += 1;
    const size = SIZES.find((candidate) => candidate <= end - start)!;
    const state = first.runAt > now ? 'scheduled' : 'available';
    const rows = tasks.slice(start, start + size);
    const parameters = sharedParameters(first, state);
    for (const { id, params } of rows) parameters.push(id, params);
    yield { tasks: rows, queue: first.queue, state, runAt: first.runAt, parameters };
    start += size;
  }
}

/** In the order of `SHARED`. */
function sharedParameters(task: NewTask, state: TaskState): (string | number | null)[] {
  return [
    task.queue,
    task.name,
    state,
    task.priority,
    task.maxAttempts,
    task.runAt,
    task.createdAt,
    task.settings,
    task.sensitive.length > 0 ? JSON.stringify(task.sensitive) : null,
    task.parentId ?? null,
  ];
}

/** Whether `SHARED` is the same for both. */
function alike(left: NewTask, right: NewTask): boolean {
  return (
    left.queue === right.queue &&
    left.name === right.name &&
    left.priority === right.priority &&
    left.maxAttempts === right.maxAttempts &&
    left.runAt === right.runAt &&
    left.createdAt === right.createdAt &&
    left.settings === right.settings &&
    left.parentId === right.parentId &&
    (left.sensitive === right.sensitive || left.sensitive.length + right.sensitive.length === 0)
  );
}

/** Stores new tasks within the engine's own transaction. */
export function insertTasks(transaction: Transaction, tasks: readonly NewTask[], now: number): void {
  for (const rows of statementsFor(tasks, now)) {
    const insert = statement<unknown[]>(transaction.database, INSERT.get(rows.tasks.length)!);
    const { changes } = insert.run(rows.parameters);
    if (changes === 0) continue;
    transaction.moved(rows.queue, null, rows.state, changes);
    for (const { id } of rows.tasks) transaction.touch(rows.queue, id);
    if (rows.state === 'scheduled') transaction.due(rows.runAt);
  }
}

/**
 * Stores new tasks within the caller's transaction, on the caller's connection: there if and only if it commits.
 * @throws StoreError where that fails; TypeORM's own error would carry the params
 */
export async function insertTasksWithin(manager: EntityManager, tasks: readonly NewTask[], now: number): Promise<void> {
  const counts = new Map<string, [queue: string, state: TaskState, count: number]>();
  try {
    for (const { tasks: rows, queue, state, parameters } of statementsFor(tasks, now)) {
      const inserted: unknown[] = await manager.query(INSERT_RETURNING.get(rows.length)!, parameters);
      if (inserted.length === 0) continue;
      const key = `${state} ${queue}`;
      const count = counts.get(key) ?? [queue, state, 0];
      count[2] += inserted.length;
      counts.set(key, count);
    }
    for (const count of counts.values()) await manager.query(ADD_COUNT, count);
  } catch (error) {
    const { driverError } = error as { driverError?: unknown };
    throw storeError(driverError ?? error, 'The task was not stored in the given transaction');
  }
}
