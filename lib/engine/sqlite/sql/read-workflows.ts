import {
  MAX_EDGES_SHOWN,
  MAX_NODES_LISTED,
  type TaskError,
  type Workflow,
  type WorkflowNode,
  type WorkflowProgress,
} from '../../../contract/index.js';
import type { ResultsPage, WorkflowEnd } from '../../port/index.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import { UNANSWERED_NODE } from './end-workflows.js';
import { progressOf, summaryOf, WORKFLOW_COLUMNS, type WorkflowRow } from './list-workflows.js';
import { IS_THERE } from './starting-workflows.js';

export const WORKFLOW = `SELECT ${WORKFLOW_COLUMNS} FROM tasks_workflow WHERE id = ? AND ${IS_THERE}`;

const LISTED_COLUMNS = `
  seq, number, name, kind, queue, task, state, condition AS "when", reason, tasks, open, failed,
  (SELECT cause.name FROM tasks_node AS cause WHERE cause.seq = tasks_node.cause) AS cause,
  (SELECT id FROM tasks_task
    WHERE tasks_task.seq = (SELECT task FROM tasks_node_task WHERE node = tasks_node.seq ORDER BY task LIMIT 1)) AS taskId,
  (SELECT count(*) FROM tasks_edge WHERE child = tasks_node.seq) AS waitsFor`;

/** Those that are looked for in a large one first. Reads `tasks_node_state`, without looking at those that are well. */
export const NODES_AT_ISSUE = `
  SELECT ${LISTED_COLUMNS} FROM tasks_node INDEXED BY tasks_node_state
   WHERE workflow = ? AND state = ? ORDER BY number LIMIT ?`;
export const FIRST_NODES = `SELECT ${LISTED_COLUMNS} FROM tasks_node WHERE workflow = ? ORDER BY number LIMIT ?`;

export const NUMBERS_AFTER = `
  SELECT number FROM tasks_edge JOIN tasks_node ON seq = parent WHERE child = ? ORDER BY number LIMIT ?`;

export const LAST_NODES = `
  SELECT name, kind FROM tasks_node
   WHERE workflow = ? AND NOT EXISTS (SELECT 1 FROM tasks_edge WHERE parent = tasks_node.seq)
   ORDER BY number`;

export const NODE_NAME = `SELECT name FROM tasks_node WHERE seq = ?`;

export const FAILED_TASK_OF_NODE = `
  SELECT id, tasks_task.name, error_name AS errorName, error_message AS message, error_stack AS stack
    FROM tasks_node_task
    JOIN tasks_task ON seq = tasks_node_task.task
    LEFT JOIN tasks_attempt ON tasks_attempt.task = seq AND tasks_attempt.attempt = tasks_task.attempt
   WHERE node = ? AND state = 'failed'
   ORDER BY tasks_node_task.task
   LIMIT 1`;

/** Most tasks, and most characters of their results, that are read in one go. */
const MAX_RESULTS = { tasks: 200, characters: 4 * 1_024 ** 2 };

export const RESULTS_AFTER = `
  SELECT tasks_node_task.task, tasks_task.id, tasks_task.state, value
    FROM tasks_node_task INDEXED BY tasks_node_task_name
    JOIN tasks_workflow ON tasks_workflow.seq = workflow
    JOIN tasks_task ON tasks_task.seq = tasks_node_task.task
    LEFT JOIN tasks_result ON tasks_result.task = tasks_node_task.task
   WHERE tasks_workflow.id = ? AND workflow = tasks_workflow.seq AND tasks_node_task.name = ? AND tasks_node_task.task > ?
   ORDER BY tasks_node_task.task
   LIMIT ?`;

type NodeRow = Omit<WorkflowNode, 'tasks' | 'after' | 'reason' | 'cause'> & {
  readonly seq: number;
  readonly tasks: number;
  readonly open: number;
  readonly failed: number;
  readonly reason: WorkflowNode['reason'] | null;
  readonly cause: string | null;
};

export function readProgress(database: Database, id: string): WorkflowProgress | null {
  const row = find(database, id);
  return row ? progressOf(row) : null;
}

export function readWorkflow(database: Database, id: string): Workflow | null {
  const row = find(database, id);
  return row ? { ...summaryOf(row), listed: listedNodes(database, row) } : null;
}

/** What tasks of one name of a workflow returned, in the order in which they were stored. */
export function readResults(database: Database, id: string, name: string, after: number | null): ResultsPage {
  const rows = statement<
    [string, string, number, number],
    { task: number; id: string; state: string; value: string | null }
  >(database, RESULTS_AFTER);
  const results: Array<ResultsPage['results'][number]> = [];
  let characters = 0;
  let last = after ?? 0;
  for (const row of rows.iterate(id, name, last, MAX_RESULTS.tasks)) {
    last = row.task;
    characters += row.value?.length ?? 0;
    results.push({ taskId: row.id, completed: row.state === 'completed', result: row.value });
    if (characters >= MAX_RESULTS.characters) return { results, next: last };
  }
  return { results, next: results.length === MAX_RESULTS.tasks ? last : null };
}

export function readEnd(database: Database, id: string): WorkflowEnd | null {
  const row = find(database, id);
  if (!row) return null;
  const { name, state } = row;
  const last = statement<[number], WorkflowEnd['last'][number]>(database, LAST_NODES);
  return {
    name,
    state,
    failed: state === 'failed' && row.ending === null ? failedNode(database, row.seq) : null,
    last: state === 'completed' ? last.all(row.seq) : [],
  };
}

function failedNode(database: Database, workflow: number): WorkflowEnd['failed'] {
  const node = statement<[number, string], { seq: number }>(database, UNANSWERED_NODE).get(workflow, 'failed');
  if (!node) return null;
  const name = statement<[number], string>(database, NODE_NAME).pluck().get(node.seq)!;
  const task = statement<
    [number],
    { id: string; name: string; errorName: string | null; message: string | null; stack: string | null }
  >(database, FAILED_TASK_OF_NODE).get(node.seq);
  if (!task) return { node: name, task: null };
  const { id, errorName, message, stack } = task;
  const error: TaskError | null =
    errorName === null ? null : { name: errorName, message: message ?? '', ...(stack !== null && { stack }) };
  return { node: name, task: { id, name: task.name, error } };
}

function find(database: Database, id: string): WorkflowRow | undefined {
  return statement<[string], WorkflowRow>(database, WORKFLOW).get(id);
}

function listedNodes(database: Database, row: WorkflowRow): WorkflowNode[] {
  const found = new Map<number, NodeRow>();
  const total = row.blocked + row.running + row.completed + row.failed + row.cancelled;
  if (total > MAX_NODES_LISTED) {
    const atIssue = statement<[number, string, number], NodeRow>(database, NODES_AT_ISSUE);
    for (const state of ['failed', 'running', 'cancelled']) {
      for (const node of atIssue.all(row.seq, state, MAX_NODES_LISTED / 4)) found.set(node.number, node);
    }
  }
  for (const node of statement<[number, number], NodeRow>(database, FIRST_NODES).all(row.seq, MAX_NODES_LISTED)) {
    if (found.size < MAX_NODES_LISTED) found.set(node.number, node);
  }
  const after = statement<[number, number], number>(database, NUMBERS_AFTER).pluck();
  return [...found.values()]
    .toSorted((one, other) => one.number - other.number)
    .map(({ seq, tasks, open, failed, reason, cause, ...node }) => ({
      ...node,
      after: after.all(seq, MAX_EDGES_SHOWN),
      tasks: { total: tasks, ended: tasks - open, failed },
      ...(reason !== null && { reason }),
      ...(cause !== null && { cause }),
    }));
}
