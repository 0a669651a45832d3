import {
  InvalidArgumentError,
  type NodeState,
  type TaskTags,
  type WorkflowPage,
  type WorkflowProgress,
  type WorkflowState,
  type WorkflowSummary,
} from '../../../contract/index.js';
import type { Workflows } from '../../port/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { IS_THERE } from './starting-workflows.js';
import { rarestFirst } from './tasks-by-tag.js';

export const WORKFLOW_COLUMNS = `
  seq, id, name, state, tags, created_at AS createdAt, finished_at AS finishedAt, deadline_at AS deadlineAt, ending,
  blocked, running, completed, failed, cancelled, tasks, ended`;

export const WORKFLOWS = `
  SELECT ${WORKFLOW_COLUMNS} FROM tasks_workflow WHERE seq < ? AND ${IS_THERE} ORDER BY seq DESC LIMIT ?`;
export const WORKFLOWS_BY_NAME = `
  SELECT ${WORKFLOW_COLUMNS} FROM tasks_workflow
   WHERE name = ? AND seq < ? AND ${IS_THERE} ORDER BY seq DESC LIMIT ?`;
export const WORKFLOWS_BY_STATE = `
  SELECT ${WORKFLOW_COLUMNS} FROM tasks_workflow
   WHERE state = ? AND seq < ? AND ${IS_THERE} ORDER BY seq DESC LIMIT ?`;
export const WORKFLOWS_BY_BOTH = `
  SELECT ${WORKFLOW_COLUMNS} FROM tasks_workflow INDEXED BY tasks_workflow_name
   WHERE name = ? AND state = ? AND seq < ? AND ${IS_THERE} ORDER BY seq DESC LIMIT ?`;

/** Beyond so many of a tag it is no matter how many there are. */
export const COUNT_OF_WORKFLOW_TAG = `
  SELECT count(*) AS tagged FROM (SELECT 1 FROM tasks_workflow_tag WHERE tag = ? AND value = ? LIMIT 1000)`;

/** Those of one tag that have the others as well, given as JSON: `[["customer", "42"]]`. The order of the tables is forced. */
export const WORKFLOWS_BY_TAG = `
  SELECT ${WORKFLOW_COLUMNS} FROM tasks_workflow_tag CROSS JOIN tasks_workflow ON seq = workflow
   WHERE tag = ? AND tasks_workflow_tag.value = ? AND name = coalesce(?, name) AND state = coalesce(?, state)
     AND NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted
                      WHERE NOT EXISTS (SELECT 1 FROM tasks_workflow_tag AS other
                                         WHERE other.tag = wanted.value ->> 0 AND other.value = wanted.value ->> 1
                                           AND other.workflow = tasks_workflow_tag.workflow))
     AND workflow < ? AND ${IS_THERE}
   ORDER BY workflow DESC LIMIT ?`;

export interface WorkflowRow extends Record<NodeState, number> {
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  readonly state: WorkflowState;
  readonly tags: string | null;
  readonly createdAt: number;
  readonly finishedAt: number | null;
  readonly deadlineAt: number | null;
  readonly ending: 'cancelled' | 'deadline' | null;
  readonly tasks: number;
  readonly ended: number;
}

type Query = Parameters<Workflows['list']>[0];

/** The newest first. @throws InvalidArgumentError */
export function listWorkflows(database: Database, query: Query): WorkflowPage {
  const { cursor, limit } = query;
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
  if (!Number.isSafeInteger(before))
    throw new InvalidArgumentError('cursor', 'This cursor is none of a list of workflows.');
  const [sql, given] = selected(database, query);
  const rows = statement<Array<string | number | null>, WorkflowRow>(database, sql).all(...given, before, limit + 1);
  const items = rows.slice(0, limit);
  return { items: items.map(summaryOf), next: rows.length > limit ? String(items.at(-1)!.seq) : null };
}

function selected(database: Database, { name, state, tags = {} }: Query): [sql: string, given: Array<string | null>] {
  const [rarest, ...others] = rarestFirst(database, COUNT_OF_WORKFLOW_TAG, Object.entries(tags));
  if (rarest) return [WORKFLOWS_BY_TAG, [...rarest, name ?? null, state ?? null, JSON.stringify(others)]];
  if (name !== undefined) return state === undefined ? [WORKFLOWS_BY_NAME, [name]] : [WORKFLOWS_BY_BOTH, [name, state]];
  return state === undefined ? [WORKFLOWS, []] : [WORKFLOWS_BY_STATE, [state]];
}

export function progressOf({ id, name, state, tasks, ended, ...row }: WorkflowRow): WorkflowProgress {
  const { blocked, running, completed, failed, cancelled } = row;
  const percent = state !== 'running' || tasks === 0 ? 100 : Math.floor((100 * ended) / tasks);
  return {
    id,
    name,
    state,
    percent,
    nodes: { blocked, running, completed, failed, cancelled },
    tasks: { total: tasks, ended },
  };
}

export function summaryOf(row: WorkflowRow): WorkflowSummary {
  const { tags, createdAt, finishedAt, deadlineAt, ending } = row;
  return {
    ...progressOf(row),
    ...(tags !== null && { tags: JSON.parse(tags) as TaskTags }),
    createdAt,
    finishedAt,
    deadlineAt,
    ...(ending !== null && { reason: ending }),
  };
}
