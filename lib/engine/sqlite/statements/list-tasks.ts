import { InvalidArgumentError } from '../../../errors/index.js';
import type { TaskFilter, TaskOrder } from '../../task-engine.js';
import { TASK_STATES, type TaskState } from '../../task.js';
import type { TaskKind } from './task-kinds.js';

/** Where a walk begins: beyond the number of every row, on the side of those that come first. */
export const BEYOND_FIRST: Readonly<Record<TaskOrder, number>> = { newest: Number.MAX_SAFE_INTEGER, oldest: 0 };

/** Rows looked at in one go, so that a search for something rare yields to other work in between. */
export const SEARCH_STEP = 500;

/** A query for the numbers (`seq`) of tasks, in their order, beyond a given one. */
export interface CandidateQuery {
  readonly sql: string;
  readonly parameters: readonly (string | number)[];
}

/**
 * The first `limit` candidates in one of `states` that come after number `after` in `order`. Each branch reads a stretch
 * of one index that is already in the wanted order, so a page costs the same with a thousand tasks and with a million:
 *
 * - states, with a queue or a name or both or neither: `tasks_task_by_kind`, a branch for each state and kind that is meant
 * - nothing: the table itself, by its key
 *
 * Running tasks are not in that index: they are few and come from `tasks_task_running`.
 *
 * What remains of the filter (a time, a text) is for whoever looks at the candidates. There is no index by time: it would
 * cost every task that is stored, for a question that is seldom asked.
 *
 * @param kinds of the queue and the name that the filter has
 */
export function candidateQuery(
  filter: TaskFilter,
  states: readonly TaskState[],
  kinds: readonly TaskKind[],
  after: number,
  limit: number,
  order: TaskOrder,
): CandidateQuery {
  if (!filter.queue && !filter.name && states.length === TASK_STATES.length) {
    return { sql: ALL_TASKS[order], parameters: [after, limit] };
  }
  const branches: CandidateQuery[] = [];
  for (const state of states) {
    if (state === 'running') branches.push(running(filter, after, limit, order));
    else {
      for (const { queue, name } of kinds) {
        branches.push({ sql: TASKS_OF_KIND[order], parameters: [queue, name, state, after, limit] });
      }
    }
  }
  if (branches.length === 0) return { sql: ALL_TASKS[order], parameters: [after, 0] };
  return firstOf(branches, limit, order);
}

/** SQLite takes up to 500 terms in one compound; more are nested. */
const MOST_TERMS = 400;

function firstOf(branches: readonly CandidateQuery[], limit: number, order: TaskOrder): CandidateQuery {
  if (branches.length === 1) return branches[0]!;
  if (branches.length > MOST_TERMS) {
    const groups: CandidateQuery[] = [];
    for (let start = 0; start < branches.length; start += MOST_TERMS) {
      groups.push(firstOf(branches.slice(start, start + MOST_TERMS), limit, order));
    }
    return firstOf(groups, limit, order);
  }
  const union = branches.map((branch) => `SELECT seq FROM (${branch.sql})`).join(' UNION ALL ');
  return {
    sql: `${union} ${IN_ORDER[order]}`,
    parameters: [...branches.flatMap((branch) => branch.parameters), limit],
  };
}

const BEYOND = { newest: 'seq < ?', oldest: 'seq > ?' };
const IN_ORDER = { newest: 'ORDER BY seq DESC LIMIT ?', oldest: 'ORDER BY seq LIMIT ?' };

/** A statement for each order. */
function inBoth(sql: (beyond: string, inOrder: string) => string): Readonly<Record<TaskOrder, string>> {
  return {
    newest: sql(BEYOND.newest, IN_ORDER.newest),
    oldest: sql(BEYOND.oldest, IN_ORDER.oldest),
  };
}

export const ALL_TASKS = inBoth((beyond, inOrder) => `SELECT seq FROM tasks_task WHERE ${beyond} ${inOrder}`);

/** The first condition repeats the index's own, which is how SQLite knows that the index may be used. */
export const TASKS_OF_KIND = inBoth(
  (beyond, inOrder) => `
  SELECT seq FROM tasks_task
   WHERE state <> 'running' AND queue = ? AND name = ? AND state = ? AND ${beyond} ${inOrder}`,
);

export const RUNNING_TASKS = inBoth(
  (beyond, inOrder) => `
  SELECT seq FROM tasks_task INDEXED BY tasks_task_running
   WHERE state = 'running' AND ${beyond} AND (? = '' OR name = ?) AND (? = '' OR queue = ?) ${inOrder}`,
);

function running(
  { name = '', queue = '' }: TaskFilter,
  after: number,
  limit: number,
  order: TaskOrder,
): CandidateQuery {
  return { sql: RUNNING_TASKS[order], parameters: [after, name, name, queue, queue, limit] };
}

export const CREATED_AT = `SELECT created_at FROM tasks_task WHERE seq = ?`;

/** Whether one candidate also meets what no index serves. Params of tasks with `sensitive` ones are searched by the caller, masked. */
export const MATCH_TASK = `
  SELECT seq, params, sensitive, name_sensitive,
         (instr(lower(id), :text) > 0 OR instr(lower(name), :text) > 0
          OR (sensitive IS NULL AND name_sensitive IS NULL AND instr(lower(params), :text) > 0)
          OR EXISTS (SELECT 1 FROM tasks_attempt
                      WHERE task = seq AND (instr(lower(error_message), :text) > 0 OR instr(lower(error_name), :text) > 0))) AS hit
    FROM (SELECT *, (SELECT sensitive FROM tasks_name WHERE name = tasks_task.name) AS name_sensitive
            FROM tasks_task
           WHERE seq = :seq)`;

export interface MatchRow {
  readonly seq: number;
  readonly params: string;
  readonly sensitive: string | null;
  readonly name_sensitive: string | null;
  readonly hit: 0 | 1;
}

export function encodeCursor(after: number): string {
  return Buffer.from(`seq:${after}`).toString('base64url');
}

/** @throws InvalidArgumentError for anything that `encodeCursor` did not make */
export function decodeCursor(cursor: string | undefined, order: TaskOrder): number {
  if (cursor === undefined) return BEYOND_FIRST[order];
  const match = /^seq:(\d{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString());
  const after = match ? Number(match[1]) : NaN;
  if (Number.isSafeInteger(after) && encodeCursor(after) === cursor) return after;
  throw new InvalidArgumentError(
    'cursor',
    `The cursor is not one that a page of tasks gave as "nextCursor"; leave it out to begin at the first task.`,
  );
}
