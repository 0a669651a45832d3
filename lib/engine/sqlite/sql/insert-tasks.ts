import type { EntityManager } from 'typeorm';
import type { EnqueueAnswer, NewTask } from '../../port/index.js';
import { DuplicateTaskError, type TaskState } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { placeholders, statement } from '../store/statement.js';
import { besideTask, hasMore, lapsesAt, TRAIT_COLUMNS, traitParameters } from './task-traits.js';
import { readyState, settleKeysWithin } from './settle-keys.js';
import { storeError } from '../store/sqlite-errors.js';
import type { Transaction } from '../store/transaction.js';
import { type ClaimingTask, insertUniqueTask, isClaiming, rejectedTask } from './insert-unique-task.js';
import { MovedCounts, runScript, runScriptWithin, type Script, type ScriptNotes } from './run-script.js';

/** How many rows one statement inserts: calling SQLite costs as much as a third of a row. */
const SIZES = [50, 10, 1] as const;

/** Columns that tasks of one call nearly always have in common; then id and params, a pair for each. */
export const SHARED = [
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

/** One of the few tasks that have more than the others. */
export const INSERT_TASK_WITH_TRAITS = `
  INSERT INTO tasks_task (${SHARED.join(', ')}, id, params, ${TRAIT_COLUMNS.join(', ')})
  VALUES ${placeholders(SHARED.length + 2 + TRAIT_COLUMNS.length, 1)}
  ON CONFLICT (id) DO NOTHING`;

const INSERT = new Map<number, string>(SIZES.map((size) => [size, size === 1 ? INSERT_TASK : insertSql(size)]));

const INSERT_CLAIMING_TASK = `${INSERT_TASK_WITH_TRAITS} RETURNING seq`;

/** TypeORM does not tell how many rows an INSERT changed; rows that it returns can be counted. */
const RETURNING = `RETURNING id`;
const INSERT_RETURNING = new Map<number, string>([...INSERT].map(([size, sql]) => [size, `${sql} ${RETURNING}`]));
const INSERT_WITH_TRAITS_RETURNING = `${INSERT_TASK_WITH_TRAITS} ${RETURNING}`;

/**
 * Of the ids that a statement was given, those whose rows it inserted: as many as it changed, and the ones with the
 * greatest numbers, as every row gets a number greater than all before it.
 */
export const INSERTED_IDS = `
  SELECT id FROM tasks_task
  WHERE id IN (SELECT value FROM json_each(?))
  ORDER BY seq DESC
  LIMIT (? + 0)`;

/** Rows that one statement inserts, in the order of their arrival. */
interface Rows {
  readonly tasks: readonly [NewTask, ...NewTask[]];
  /** The one task has more than the others. */
  readonly special: boolean;
  readonly queue: string;
  readonly state: TaskState;
  readonly runAt: number;
  /** `SHARED`, then an id and params for each; last the traits of a task that has some, which is inserted alone. */
  readonly parameters: (string | number | null)[];
}

function* statementsFor(tasks: readonly NewTask[], now: number): Generator<Rows> {
  // A stretch that is no size is gone through again for what is left of it.
  const areSpecial = tasks.map(hasMore);
  for (let start = 0; start < tasks.length;) {
    const first = tasks[start]!;
    let end = start + 1;
    const special = areSpecial[start]!;
    const isNext = (at: number): boolean => !special && !areSpecial[at] && alike(first, tasks[at]!);
    while (end < tasks.length && end - start < SIZES[0] && isNext(end)) end += 1;
    const size = SIZES.find((candidate) => candidate <= end - start)!;
    const state = first.runAt > now ? 'scheduled' : special ? readyState({ key: first.traits?.key }) : 'available';
    const rows = tasks.slice(start, start + size) as [NewTask, ...NewTask[]];
    const parameters = sharedParameters(first, state);
    for (const { id, params } of rows) parameters.push(id, params);
    if (special) parameters.push(...traitParameters(first));
    yield { tasks: rows, special, queue: first.queue, state, runAt: first.runAt, parameters };
    start += size;
  }
}

/** In the order of `SHARED`. */
export function sharedParameters(task: NewTask, state: TaskState): (string | number | null)[] {
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

/** Stores new tasks within the engine's own transaction. Returns what became of each. */
export function insertTasks(transaction: Transaction, tasks: readonly NewTask[], now: number): EnqueueAnswer[] {
  const { database } = transaction;
  const answers: EnqueueAnswer[] = [];
  for (const rows of statementsFor(tasks, now)) {
    if (rows.special && isClaiming(rows.tasks[0])) {
      answers.push(runScript(transaction, claimingScript(rows, rows.tasks[0], now, transaction)));
      continue;
    }
    const insert = statement<unknown[]>(
      database,
      rows.special ? INSERT_TASK_WITH_TRAITS : INSERT.get(rows.tasks.length)!,
    );
    const { changes } = insert.run(rows.parameters);
    answer(answers, rows.tasks, changes, () => insertedAmong(database, rows.tasks, changes));
    if (changes === 0) continue;
    transaction.moved(rows.queue, null, rows.state, changes);
    for (const { id } of rows.tasks) transaction.touch(rows.queue, id);
    if (rows.state === 'scheduled') transaction.due(rows.runAt);
    if (rows.special) storeBeside(transaction, rows.tasks[0]);
    if (rows.state === 'held') transaction.keys.entered(rows.queue, rows.tasks[0].traits!.key!);
  }
  return answers;
}

function claimingScript(rows: Rows, task: ClaimingTask, now: number, notes: ScriptNotes): Script<EnqueueAnswer> {
  return insertUniqueTask(task, now, notes, function* () {
    const [row] = (yield [INSERT_CLAIMING_TASK, rows.parameters]) as ReadonlyArray<{ readonly seq: number }>;
    if (!row) return null;
    for (const step of besideTask(task)) yield step;
    notes.moved(rows.queue, null, rows.state);
    notes.touch(rows.queue, task.id);
    if (rows.state === 'scheduled') notes.due(rows.runAt);
    if (rows.state === 'held') notes.keys.entered(rows.queue, task.traits.key!);
    notes.lapses(lapsesAt(task.traits));
    return row.seq;
  });
}

function storeBeside(transaction: Transaction, task: NewTask): void {
  for (const [sql, parameters] of besideTask(task)) statement<unknown[]>(transaction.database, sql).run(parameters);
  transaction.lapses(lapsesAt(task.traits));
}

function insertedAmong(database: Database, tasks: readonly NewTask[], changes: number): string[] {
  const ids = JSON.stringify(tasks.map(({ id }) => id));
  const found = statement<[string, number], { id: string }>(database, INSERTED_IDS).all(ids, changes);
  return found.map(({ id }) => id);
}

/** @param insertedIds is asked only where some were inserted and some were not */
function answer(
  answers: EnqueueAnswer[],
  tasks: readonly NewTask[],
  inserted: number,
  insertedIds: () => readonly string[],
): void {
  if (inserted === tasks.length) for (const _ of tasks) answers.push('stored');
  else if (inserted === 0) for (const _ of tasks) answers.push('existing');
  else {
    const fresh = new Set(insertedIds());
    // The first of an id is the one that was inserted.
    for (const { id } of tasks) answers.push(fresh.delete(id) ? 'stored' : 'existing');
  }
}

/**
 * Stores the tasks of one call, or none where a claim of theirs says so of a key that is held.
 * @returns the error that says so, where nothing was stored
 */
export function insertUnlessRejected(
  transaction: Transaction,
  tasks: readonly NewTask[],
  now: number,
): EnqueueAnswer[] | DuplicateTaskError {
  const rejected = runScript(transaction, rejectedTask(tasks, now));
  return rejected ? duplicate(rejected) : insertTasks(transaction, tasks, now);
}

function duplicate({ task, holder }: { readonly task: NewTask; readonly holder: string }): DuplicateTaskError {
  return new DuplicateTaskError(task.name, task.queue, holder);
}

/**
 * Stores new tasks within the caller's transaction, on the caller's connection: there if and only if it commits. Resolves
 * to what became of each.
 * @throws DuplicateTaskError where a claim says so of a key that is held: nothing was stored then
 * @throws StoreError where that fails; TypeORM's own error would carry the params
 */
export async function insertTasksWithin(
  manager: EntityManager,
  tasks: readonly NewTask[],
  now: number,
): Promise<EnqueueAnswer[]> {
  const answers: EnqueueAnswer[] = [];
  const counts = new MovedCounts();
  try {
    const rejected = await runScriptWithin(manager, rejectedTask(tasks, now));
    if (rejected) throw duplicate(rejected);
    for (const found of statementsFor(tasks, now)) {
      const { tasks: rows, special, queue, state, parameters } = found;
      if (isClaiming(rows[0])) {
        answers.push(await runScriptWithin(manager, claimingScript(found, rows[0], now, counts)));
        continue;
      }
      const insert = special ? INSERT_WITH_TRAITS_RETURNING : INSERT_RETURNING.get(rows.length)!;
      const inserted: { id: string }[] = await manager.query(insert, parameters);
      answer(answers, rows, inserted.length, () => inserted.map(({ id }) => id));
      if (inserted.length === 0) continue;
      if (special) for (const [sql, values] of besideTask(rows[0])) await manager.query(sql, values);
      counts.moved(queue, null, state, inserted.length);
      if (state === 'held') counts.keys.entered(queue, rows[0].traits!.key!);
    }
    for (const [queue, ready] of await settleKeysWithin(manager, counts.keys)) {
      counts.moved(queue, 'held', 'available', ready);
    }
    await counts.store(manager);
    return answers;
  } catch (error) {
    if (error instanceof DuplicateTaskError) throw error;
    const { driverError } = error as { driverError?: unknown };
    throw storeError(driverError ?? error, 'The task was not stored in the given transaction');
  }
}
