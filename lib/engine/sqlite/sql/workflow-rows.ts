import type { NodeState, TaskState } from '../../../contract/index.js';
import type { NewNode, NewTask, NewWorkflow } from '../../port/index.js';
import { placeholders } from '../store/statement.js';
import { sharedParameters, SHARED } from './insert-tasks.js';
import type { Script, ScriptNotes } from './run-script.js';
import { besideTask, lapsesAt, TRAIT_COLUMNS, traitParameters } from './task-traits.js';

export const INSERT_WORKFLOW = `
  INSERT INTO tasks_workflow
    (id, name, state, tags, created_at, deadline_at, expires_at, blocked, running, completed, tasks)
  VALUES (?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO NOTHING
  RETURNING seq`;

export const INSERT_WORKFLOW_TAG = `INSERT INTO tasks_workflow_tag (tag, value, workflow) VALUES (?, ?, ?)`;

export const LAST_NODE = `SELECT coalesce(max(seq), 0) AS last FROM tasks_node`;

/** How many rows one statement inserts. */
const SIZES = [50, 10, 1] as const;

const NODE_COLUMNS = [
  'seq',
  'workflow',
  'number',
  'name',
  'kind',
  'queue',
  'task',
  'condition',
  'delay',
  'state',
  'waits',
  'tasks',
  'open',
] as const;
const TASK_COLUMNS = [...SHARED, 'id', 'params', ...TRAIT_COLUMNS] as const;

const INSERT_NODES = insertRows('tasks_node', NODE_COLUMNS);
const INSERT_EDGES = insertRows('tasks_edge', ['parent', 'child']);
const INSERT_TASKS = insertRows('tasks_task', TASK_COLUMNS, ' RETURNING seq, id');
const INSERT_NODE_TASKS = insertRows('tasks_node_task', ['task', 'node', 'workflow', 'name']);

type Value = string | number | null;

/** A node with its place in the workflow, and the state that it begins in. */
export interface PlacedNode {
  readonly node: NewNode;
  readonly number: number;
  readonly state: Extract<NodeState, 'blocked' | 'running' | 'completed'>;
}

/** A task with the node that it is of, and the state that it begins in. */
export interface PlacedTask {
  readonly task: NewTask;
  readonly node: NewNode;
  /** Place of the node in the workflow. */
  readonly number: number;
  readonly state: TaskState;
}

/** How a workflow's row begins. */
export interface WorkflowBeginning {
  /** Number of its nodes by the states that they begin in. */
  readonly counts: Readonly<Record<PlacedNode['state'], number>>;
  readonly deadlineAt: number | null;
  readonly expiresAt: number | null;
}

/** What a start tells of its changes. */
export type WorkflowNotes = ScriptNotes & { settles(time: number): void };

/** Number of the row; null where one of its id is there. */
export function* insertWorkflow(
  { id, name, tags, createdAt, nodes }: NewWorkflow,
  { counts, deadlineAt, expiresAt }: WorkflowBeginning,
): Script<number | null> {
  const tasks = nodes.reduce((sum, node) => sum + node.tasks.length, 0);
  const json = tags && JSON.stringify(tags);
  const { blocked, running, completed } = counts;
  const parameters = [id, name, json, createdAt, deadlineAt, expiresAt, blocked, running, completed, tasks];
  const [row] = (yield [INSERT_WORKFLOW, parameters]) as ReadonlyArray<{ readonly seq: number }>;
  if (!row) return null;
  for (const [tag, value] of Object.entries(tags ?? {})) yield [INSERT_WORKFLOW_TAG, [tag, value, row.seq]];
  return row.seq;
}

/** Returns the numbers of the rows, in the order of the nodes. */
export function* insertNodes(workflow: number, nodes: readonly PlacedNode[]): Script<number[]> {
  const [last] = (yield [LAST_NODE, []]) as ReadonlyArray<{ readonly last: number }>;
  const seqs = nodes.map((_node, place) => last!.last + 1 + place);
  yield* insertAll(
    INSERT_NODES,
    nodes.map((placed, place) => nodeValues(placed, seqs[place]!, workflow)),
  );
  return seqs;
}

/** @param edges places in the workflow of one that is waited for, and of the one that waits */
export function* insertEdges(
  seqs: readonly number[],
  edges: ReadonlyArray<readonly [parent: number, child: number]>,
): Script<void> {
  yield* insertAll(
    INSERT_EDGES,
    edges.map(([parent, child]) => [seqs[parent]!, seqs[child]!]),
  );
}

/** The tags and times of tasks are stored one by one; all else by statements for many rows. */
export function* insertTasksOfNodes(
  workflow: number,
  seqs: readonly number[],
  tasks: readonly PlacedTask[],
  notes: ScriptNotes,
): Script<void> {
  for (const [sql, some] of inSizes(INSERT_TASKS, tasks)) {
    const values = some.flatMap(({ task, state }) => [
      ...sharedParameters(task, state),
      task.id,
      task.params,
      ...traitParameters(task),
    ]);
    const rows = (yield [sql, values]) as ReadonlyArray<{ readonly seq: number; readonly id: string }>;
    const found = new Map(rows.map(({ id, seq }) => [id, seq]));
    yield* insertAll(
      INSERT_NODE_TASKS,
      some.map(({ task, node, number }) => [found.get(task.id)!, seqs[number]!, workflow, node.name]),
    );
    for (const { task, state } of some) {
      for (const step of besideTask(task)) yield step;
      notes.moved(task.queue, null, state);
      notes.touch(task.queue, task.id);
      if (state === 'scheduled') notes.due(task.runAt);
      if (state === 'held') notes.keys.entered(task.queue, task.traits!.key!);
      notes.lapses(lapsesAt(task.traits));
    }
  }
}

/** Each edge of a workflow, by the places of its nodes. */
export function placedEdges({ nodes }: NewWorkflow): Array<readonly [parent: number, child: number]> {
  return nodes.flatMap(({ after }, child) => after.map((parent) => [parent, child] as const));
}

function nodeValues({ node, number, state }: PlacedNode, seq: number, workflow: number): Value[] {
  const { name, kind, queue, task, when, delay, after, tasks } = node;
  const { length } = tasks;
  return [seq, workflow, number, name, kind, queue, task, when, delay, state, after.length, length, length];
}

function insertRows(table: string, columns: readonly string[], end = ''): ReadonlyMap<number, string> {
  const names = columns.join(', ');
  return new Map(
    SIZES.map((size) => [size, `INSERT INTO ${table} (${names}) VALUES ${placeholders(columns.length, size)}${end}`]),
  );
}

function* insertAll(statements: ReadonlyMap<number, string>, rows: ReadonlyArray<readonly Value[]>): Script<void> {
  for (const [sql, some] of inSizes(statements, rows)) yield [sql, some.flat()];
}

function* inSizes<Row>(
  statements: ReadonlyMap<number, string>,
  rows: readonly Row[],
): Generator<[sql: string, some: readonly Row[]]> {
  for (let start = 0; start < rows.length;) {
    const size = SIZES.find((candidate) => candidate <= rows.length - start)!;
    yield [statements.get(size)!, rows.slice(start, start + size)];
    start += size;
  }
}
