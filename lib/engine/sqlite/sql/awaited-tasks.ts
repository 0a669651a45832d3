import type { TaskError, TaskState } from '../../../contract/index.js';
import { lapseError } from '../../common/index.js';
import type { AwaitedTask, AwaitedTasks } from '../../port/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { traitsIn } from './task-traits.js';

/** Most characters of results that are read in one go; who waits for the others asks again. */
const MAX_READ = 8 * 1_024 ** 2;

export const AWAITED_TASK = `
  SELECT seq, id, queue, name, state, traits, value
    FROM tasks_task LEFT JOIN tasks_result ON task = seq
   WHERE id = ?`;

export const LAST_FULL_ERROR_OF_TASK = `
  SELECT error_name AS name, error_message AS message, error_stack AS stack FROM tasks_attempt
   WHERE task = ? AND error_name IS NOT NULL
   ORDER BY attempt DESC
   LIMIT 1`;

interface AwaitedRow {
  readonly seq: number;
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly state: TaskState;
  readonly traits: string | null;
  readonly value: string | null;
}

/** How those of `ids` stand that are stored. */
export function readAwaited(database: Database, ids: readonly string[]): AwaitedTasks {
  const byId = statement<[string], AwaitedRow>(database, AWAITED_TASK);
  const tasks: AwaitedTask[] = [];
  let looked = 0;
  for (let read = 0; looked < ids.length && read < MAX_READ; looked += 1) {
    const row = byId.get(ids[looked]!);
    if (row) tasks.push(awaitedOf(database, row));
    read += row?.value?.length ?? 0;
  }
  return { tasks, looked };
}

function awaitedOf(database: Database, { seq, id, queue, name, state, traits, value }: AwaitedRow): AwaitedTask {
  const { traits: has } = traitsIn(traits);
  return {
    id,
    queue,
    name,
    state,
    error: state === 'failed' ? (lapseError(has) ?? lastError(database, seq)) : null,
    result: state === 'completed' ? value : null,
    ...(has?.reason !== undefined && { reason: has.reason }),
  };
}

function lastError(database: Database, seq: number): TaskError | null {
  const row = statement<[number], { name: string; message: string | null; stack: string | null }>(
    database,
    LAST_FULL_ERROR_OF_TASK,
  ).get(seq);
  if (!row) return null;
  const { name, message, stack } = row;
  return { name, message: message ?? '', ...(stack !== null && { stack }) };
}
