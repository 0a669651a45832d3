import { InvalidArgumentError } from '../../../errors/index.js';
import type { TaskFilter } from '../../task-engine.js';
import type { TaskState } from '../../task.js';

/** Enough for the newest: no row has this number yet. */
export const BEYOND_NEWEST = Number.MAX_SAFE_INTEGER;

/** Rows looked at in one go, so that a search for something rare yields to other work in between. */
export const SEARCH_STEP = 500;

/** A query for the numbers (`seq`) of tasks, the newest first, below a given one. */
export interface CandidateQuery {
  readonly sql: string;
  readonly parameters: readonly (string | number)[];
}

/**
 * The newest `limit` candidates in one of `states` and below `before`. Each branch reads a stretch of one index that is already in the wanted
 * order, so a page costs the same with a thousand tasks and with a million:
 *
 * - a name: `tasks_task_by_name`, a branch for each state that is asked for
 * - a queue: `tasks_task_by_queue`, likewise
 * - a state alone: `tasks_task_by_queue`, a branch for each queue there is
 * - nothing: the table itself, by its key
 *
 * Running tasks are in neither of those indexes: they are few and come from `tasks_task_running`.
 *
 * What remains of the filter (a queue beside a name, a text) is for `residualCondition`.
 */
export function candidateQuery(
  filter: TaskFilter,
  states: readonly TaskState[],
  queues: readonly string[],
  before: number,
  limit: number,
): CandidateQuery {
  if (!filter.state && !filter.queue && !filter.name) {
    return { sql: ALL_TASKS, parameters: [before, limit] };
  }
  const branches: CandidateQuery[] = [];
  for (const state of states) {
    if (state === 'running') branches.push(running(filter, before, limit));
    else if (filter.name) branches.push({ sql: TASKS_OF_NAME, parameters: [filter.name, state, before, limit] });
    else {
      for (const queue of filter.queue ? [filter.queue] : queues) {
        branches.push({ sql: TASKS_OF_QUEUE, parameters: [queue, state, before, limit] });
      }
    }
  }
  if (branches.length === 0) return { sql: ALL_TASKS, parameters: [0, limit] };
  return newestOf(branches, limit);
}

/** SQLite takes up to 500 terms in one compound; more are nested. */
const MOST_TERMS = 400;

function newestOf(branches: readonly CandidateQuery[], limit: number): CandidateQuery {
  if (branches.length === 1) return branches[0]!;
  if (branches.length > MOST_TERMS) {
    const groups: CandidateQuery[] = [];
    for (let start = 0; start < branches.length; start += MOST_TERMS) {
      groups.push(newestOf(branches.slice(start, start + MOST_TERMS), limit));
    }
    return newestOf(groups, limit);
  }
  const union = branches.map((branch) => `SELECT seq FROM (${branch.sql})`).join(' UNION ALL ');
  return {
    sql: `${union} ORDER BY seq DESC LIMIT ?`,
    parameters: [...branches.flatMap((branch) => branch.parameters), limit],
  };
}

export const ALL_TASKS = `SELECT seq FROM tasks_task WHERE seq < ? ORDER BY seq DESC LIMIT ?`;

/** The first condition repeats the index's own, which is how SQLite knows that the index may be used. */
export const TASKS_OF_QUEUE = `
  SELECT seq FROM tasks_task
   WHERE state <> 'running' AND queue = ? AND state = ? AND seq < ?
   ORDER BY seq DESC LIMIT ?`;

export const TASKS_OF_NAME = `
  SELECT seq FROM tasks_task
   WHERE state <> 'running' AND name = ? AND state = ? AND seq < ?
   ORDER BY seq DESC LIMIT ?`;

export const RUNNING_TASKS = `
  SELECT seq FROM tasks_task INDEXED BY tasks_task_running
   WHERE state = 'running' AND seq < ? AND (? = '' OR name = ?) AND (? = '' OR queue = ?)
   ORDER BY seq DESC LIMIT ?`;

function running({ name = '', queue = '' }: TaskFilter, before: number, limit: number): CandidateQuery {
  return { sql: RUNNING_TASKS, parameters: [before, name, name, queue, queue, limit] };
}

/** Whether one candidate also meets what no index serves. Params of tasks with `sensitive` ones are searched by the caller, masked. */
export const MATCH_TASK = `
  SELECT seq, params, sensitive, name_sensitive,
         (instr(lower(id), :text) > 0 OR instr(lower(name), :text) > 0
          OR (sensitive IS NULL AND name_sensitive IS NULL AND instr(lower(params), :text) > 0)
          OR EXISTS (SELECT 1 FROM tasks_attempt
                      WHERE task = seq AND (instr(lower(error_message), :text) > 0 OR instr(lower(error_name), :text) > 0))) AS hit
    FROM (SELECT *, (SELECT sensitive FROM tasks_name WHERE name = tasks_task.name) AS name_sensitive
            FROM tasks_task
           WHERE seq = :seq AND (:queue = '' OR queue = :queue))`;

export interface MatchRow {
  readonly seq: number;
  readonly params: string;
  readonly sensitive: string | null;
  readonly name_sensitive: string | null;
  readonly hit: 0 | 1;
}

export function encodeCursor(before: number): string {
  return Buffer.from(`seq:${before}`).toString('base64url');
}

/** @throws InvalidArgumentError for anything that `encodeCursor` did not make */
export function decodeCursor(cursor: string | undefined): number {
  if (cursor === undefined) return BEYOND_NEWEST;
  const match = /^seq:(\d{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString());
  const before = match ? Number(match[1]) : NaN;
  if (Number.isSafeInteger(before) && encodeCursor(before) === cursor) return before;
  throw new InvalidArgumentError(
    'cursor',
    `The cursor is not one that a page of tasks gave as "nextCursor"; leave it out to begin at the newest task.`,
  );
}
