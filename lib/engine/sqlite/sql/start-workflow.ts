import type { EntityManager } from 'typeorm';
import type { NewNode, NewWorkflow, StartAnswer } from '../../port/index.js';
import { storeError } from '../store/sqlite-errors.js';
import { SET_WALK } from './end-workflows.js';
import { ADD_WORK } from './node-rows.js';
import { MovedCounts, runScriptWithin, type Script } from './run-script.js';
import { settleKeysWithin } from './settle-keys.js';
import { BEGIN_TO_DELETE, IS_STARTING } from './starting-workflows.js';
import {
  placedEdges,
  insertEdges,
  insertNodes,
  insertTasksOfNodes,
  insertWorkflow,
  type PlacedNode,
  type PlacedTask,
  type WorkflowNotes,
} from './workflow-rows.js';

/** Whoever stores one of the same id in several transactions finds that it came too late. */
export const OVERTAKE_START = `UPDATE tasks_workflow SET ${BEGIN_TO_DELETE} WHERE id = ? AND ${IS_STARTING}`;

/** Stores a workflow in one transaction. */
export function* startWorkflow(workflow: NewWorkflow, now: number, notes: WorkflowNotes): Script<StartAnswer> {
  const { nodes, deadlineAt } = workflow;
  const placed = nodes.map((node, number): PlacedNode => ({ node, number, state: firstState(node) }));
  const counts = { blocked: 0, running: 0, completed: 0 };
  for (const { state } of placed) counts[state] += 1;
  if (workflow.mayExist) yield [OVERTAKE_START, [workflow.id]];
  const seq = yield* insertWorkflow(workflow, { counts, deadlineAt, expiresAt: null });
  if (seq === null) return 'existing';
  const seqs = yield* insertNodes(seq, placed);
  yield* insertEdges(seqs, placedEdges(workflow));
  const tasks = nodes.flatMap((node, number) => placedTasks(node, number, now));
  yield* insertTasksOfNodes(seq, seqs, tasks, notes);
  // Those that wait for one without tasks are told that it has ended.
  for (const { state, number } of placed) if (state === 'completed') yield [ADD_WORK, ['edges', seqs[number]!]];
  // Where there is nothing to wait for, only a walk has it end.
  if (counts.blocked + counts.running === 0) yield [SET_WALK, [0, seq]];
  notes.settles(counts.completed > 0 ? 0 : (deadlineAt ?? Infinity));
  return 'stored';
}

/** Stores a workflow in a transaction of the app: there if and only if that commits. @throws StoreError */
export async function startWorkflowWithin(
  manager: EntityManager,
  workflow: NewWorkflow,
  now: number,
): Promise<StartAnswer> {
  const counts = new MovedCounts();
  const notes: WorkflowNotes = Object.assign(counts, { settles: () => undefined });
  try {
    const answer = await runScriptWithin(manager, startWorkflow(workflow, now, notes));
    for (const [queue, ready] of await settleKeysWithin(manager, counts.keys)) {
      counts.moved(queue, 'held', 'available', ready);
    }
    await counts.store(manager);
    return answer;
  } catch (error) {
    const { driverError } = error as { driverError?: unknown };
    throw storeError(driverError ?? error, 'The workflow was not stored in the given transaction');
  }
}

function firstState({ after, tasks }: NewNode): PlacedNode['state'] {
  if (after.length > 0) return 'blocked';
  return tasks.length > 0 ? 'running' : 'completed';
}

function placedTasks(node: NewNode, number: number, now: number): PlacedTask[] {
  const waits = node.after.length > 0;
  return node.tasks.map((task) => {
    const key = task.traits?.key;
    const state = waits ? 'blocked' : node.delay > 0 ? 'scheduled' : key === undefined ? 'available' : 'held';
    return { task: waits ? task : { ...task, runAt: now + node.delay }, node, number, state };
  });
}
