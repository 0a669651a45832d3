import type { EntityManager } from 'typeorm';
import type { TaskState } from '../../../contract/index.js';
import type { NewNode, NewTask, NewWorkflow } from '../../port/index.js';
import { storeError } from '../store/sqlite-errors.js';
import { placeholders } from '../store/statement.js';
import { sharedParameters, SHARED } from './insert-tasks.js';
import { ADD_WORK } from './node-rows.js';
import { MovedCounts, runScriptWithin, type Script, type ScriptNotes } from './run-script.js';
import { settleKeysWithin } from './settle-keys.js';
import { besideTask, lapsesAt, TRAIT_COLUMNS, traitParameters } from './task-traits.js';

export const INSERT_WORKFLOW = `
  INSERT INTO tasks_workflow (id, name, state, tags, created_at, deadline_at, blocked, running, completed, tasks)
  VALUES (?, ?, 'running', ?, ?, ?, ?, ?, ?, ?)
  RETURNING seq`;

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

/** A task on its way, with the number of its node. */
interface PlacedTask {
  readonly task: NewTask;
  readonly node: NewNode;
  readonly nodeSeq: number;
  readonly state: TaskState;
}

/** The tags and times of its tasks are stored one by one; all else by statements for many rows. */
export function* startWorkflow(workflow: NewWorkflow, now: number, notes: WorkflowNotes): Script<void> {
  const { nodes } = workflow;
  const counts = { blocked: 0, running: 0, completed: 0 };
  for (const node of nodes) counts[firstState(node)] += 1;
  const tasks = nodes.reduce((sum, node) => sum + node.tasks.length, 0);
  const tags = workflow.tags && JSON.stringify(workflow.tags);
  const { id, name, createdAt, deadlineAt } = workflow;
  const [row] = (yield [
    INSERT_WORKFLOW,
    [id, name, tags, createdAt, deadlineAt, counts.blocked, counts.running, counts.completed, tasks],
  ]) as ReadonlyArray<{ readonly seq: number }>;
  const [last] = (yield [LAST_NODE, []]) as ReadonlyArray<{ readonly last: number }>;
  const first = last!.last + 1;
  yield* insertAll(
    INSERT_NODES,
    nodes.map((node, number) => nodeValues(node, first + number, row!.seq, number)),
  );
  yield* insertAll(
    INSERT_EDGES,
    nodes.flatMap(({ after }, number) => after.map((parent) => [first + parent, first + number])),
  );
  const placed = nodes.flatMap((node, number) => placedTasks(node, first + number, now));
  for (const [sql, some] of inSizes(INSERT_TASKS, placed)) yield* insertSome(sql, some, row!.seq, notes);
  // Those that wait for one without tasks are told that it has ended.
  for (const [number, node] of nodes.entries()) {
    if (firstState(node) === 'completed') yield [ADD_WORK, ['edges', first + number]];
  }
  notes.settles(counts.completed > 0 ? 0 : (deadlineAt ?? Infinity));
}

/** What a start tells of its changes. */
export type WorkflowNotes = ScriptNotes & { settles(time: number): void };

function* insertSome(sql: string, some: readonly PlacedTask[], workflow: number, notes: WorkflowNotes): Script<void> {
  const values = some.flatMap(({ task, state }) => [
    ...sharedParameters(task, state),
    task.id,
    task.params,
    ...traitParameters(task),
  ]);
  const rows = (yield [sql, values]) as ReadonlyArray<{ readonly seq: number; readonly id: string }>;
  const seqs = new Map(rows.map(({ id, seq }) => [id, seq]));
  yield* insertAll(
    INSERT_NODE_TASKS,
    some.map(({ task, node, nodeSeq }) => [seqs.get(task.id)!, nodeSeq, workflow, node.name]),
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

/** Stores a workflow in a transaction of the app: there if and only if that commits. @throws StoreError */
export async function startWorkflowWithin(manager: EntityManager, workflow: NewWorkflow, now: number): Promise<void> {
  const counts = new MovedCounts();
  const notes: WorkflowNotes = Object.assign(counts, { settles: () => undefined });
  try {
    await runScriptWithin(manager, startWorkflow(workflow, now, notes));
    for (const [queue, ready] of await settleKeysWithin(manager, counts.keys)) {
      counts.moved(queue, 'held', 'available', ready);
    }
    await counts.store(manager);
  } catch (error) {
    const { driverError } = error as { driverError?: unknown };
    throw storeError(driverError ?? error, 'The workflow was not stored in the given transaction');
  }
}

function firstState({ after, tasks }: NewNode): 'blocked' | 'running' | 'completed' {
  if (after.length > 0) return 'blocked';
  return tasks.length > 0 ? 'running' : 'completed';
}

function nodeValues(node: NewNode, seq: number, workflow: number, number: number): Value[] {
  const { name, kind, queue, task, when, delay, after, tasks } = node;
  const { length } = tasks;
  return [seq, workflow, number, name, kind, queue, task, when, delay, firstState(node), after.length, length, length];
}

function placedTasks(node: NewNode, nodeSeq: number, now: number): PlacedTask[] {
  const waits = node.after.length > 0;
  return node.tasks.map((task) => {
    const key = task.traits?.key;
    const state = waits ? 'blocked' : node.delay > 0 ? 'scheduled' : key === undefined ? 'available' : 'held';
    return { task: waits ? task : { ...task, runAt: now + node.delay }, node, nodeSeq, state };
  });
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
