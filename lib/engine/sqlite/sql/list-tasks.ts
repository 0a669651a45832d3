import { TASK_STATES, type TaskFilter, type TaskOrder, type TaskState } from '../../../contract/index.js';
import type { TaskKind } from './task-kinds.js';

/** Where a walk begins: beyond the number of every row, on the side of those that come first. */
export const BEYOND_FIRST: Readonly<Record<TaskOrder, number>> = { newest: Number.MAX_SAFE_INTEGER, oldest: 0 };

/** Rows looked at in one go, so that a search for something rare yields to other work in between. */
export const SEARCH_STEP = 500;

/** A query for the numbers (`seq`) of tasks, in their order, beyond a given one. */
export interface CandidateQuery {
  readonly sql: string;
  readonly parameters: readonly (string | number | null)[];
}

/**
 * The first `limit` candidates in one of `states` that come after number `after` in `order`. Each branch reads a stretch
 * of one index that is already in the wanted order, so a page costs the same with a thousand tasks and with a million:
 *
 * - states, with queues or names or both or neither: `tasks_task_by_kind`, a branch for each state and kind that is meant
 * - nothing: the table itself, by its key
 * - a group of errors: `tasks_task_error_group`, a branch for each queue of the group
 *
 * Running tasks are not in that index: they are few and come from `tasks_task_running`.
 *
 * What remains of the filter (a key, a text, and the time of a group's tasks) is for whoever looks at the candidates. There is no
 * index by time: it would cost every task that is stored, for a question that ids answer too. Tags have a walk of their own.
 *
 * @param kinds of the queues and the names that the filter has; the queues of the group with its name, for a group of errors
 */
export function candidateQuery(
  filter: TaskFilter,
  states: readonly TaskState[],
  kinds: readonly TaskKind[],
  after: number,
  limit: number,
  order: TaskOrder,
): CandidateQuery {
  const { error } = filter;
  if (error !== undefined) {
    const groups = states.length === 0 ? [] : kinds;
    const found = groups.map(({ queue }) => ({ sql: TASKS_OF_GROUP[order], parameters: [error, queue, after, limit] }));
    return found.length === 0 ? { sql: ALL_TASKS[order], parameters: [after, 0] } : firstOf(found, limit, order);
  }
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
const MAX_TERMS = 400;

function firstOf(branches: readonly CandidateQuery[], limit: number, order: TaskOrder): CandidateQuery {
  if (branches.length === 1) return branches[0]!;
  if (branches.length > MAX_TERMS) {
    const groups: CandidateQuery[] = [];
    for (let start = 0; start < branches.length; start += MAX_TERMS) {
      groups.push(firstOf(branches.slice(start, start + MAX_TERMS), limit, order));
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

export const TASKS_OF_GROUP = inBoth(
  (beyond, inOrder) => `SELECT seq FROM tasks_task WHERE error_group = ? AND queue = ? AND ${beyond} ${inOrder}`,
);

export const RUNNING_TASKS = inBoth(
  (beyond, inOrder) => `
  SELECT seq FROM tasks_task INDEXED BY tasks_task_running
   WHERE state = 'running' AND ${beyond} AND (? IS NULL OR EXISTS (SELECT 1 FROM json_each(?) WHERE value = name))
     AND (? IS NULL OR EXISTS (SELECT 1 FROM json_each(?) WHERE value = queue)) ${inOrder}`,
);

function running(filter: TaskFilter, after: number, limit: number, order: TaskOrder): CandidateQuery {
  const [names, queues] = [jsonList(filter.name), jsonList(filter.queue)];
  return { sql: RUNNING_TASKS[order], parameters: [after, names, names, queues, queues, limit] };
}

/** For `json_each`; null where each will do. */
function jsonList(wanted: string | readonly string[] | undefined): string | null {
  return wanted === undefined ? null : JSON.stringify([wanted].flat());
}

export const SLOT_KEY_OF_TASK = `SELECT key FROM tasks_task WHERE seq = ?`;

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
