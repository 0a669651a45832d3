import type { AddAnswer, NewTask, StepLease } from '../../port/index.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import { insertTasks } from './insert-tasks.js';
import { leasedTask } from './step-rows.js';

/** The node of a task that runs, and whether its workflow is being ended. */
export const NODE_OF_TASK = `
  SELECT node, workflow, ending FROM tasks_node_task JOIN tasks_workflow ON tasks_workflow.seq = workflow WHERE task = ?`;

export const ADD_TASK_TO_NODE = `
  INSERT INTO tasks_node_task (task, node, workflow, name) SELECT seq, ?, ?, name FROM tasks_task WHERE id = ?`;

export const NODE_HAS_ANOTHER = `UPDATE tasks_node SET tasks = tasks + 1, open = open + 1 WHERE seq = ?`;

export const WORKFLOW_HAS_ANOTHER = `UPDATE tasks_workflow SET tasks = tasks + 1 WHERE seq = ?`;

/**
 * Adds a task to the node of the one that runs under `lease`, in one transaction: a node that has ended gets no more, as it has
 * not ended while one of its tasks runs.
 */
export function addToNode(transaction: Transaction, lease: StepLease, task: NewTask, now: number): AddAnswer {
  const { database } = transaction;
  const adder = leasedTask(database, lease);
  const place =
    adder &&
    statement<[number], { node: number; workflow: number; ending: string | null }>(database, NODE_OF_TASK).get(
      adder.seq,
    );
  if (!place) return 'lost';
  if (place.ending !== null) return 'ending';
  const [answer] = insertTasks(transaction, [task], now);
  if (answer !== 'stored') return 'existing';
  const { node, workflow } = place;
  statement<[number, number, string]>(database, ADD_TASK_TO_NODE).run(node, workflow, task.id);
  statement<[number]>(database, NODE_HAS_ANOTHER).run(node);
  statement<[number]>(database, WORKFLOW_HAS_ANOTHER).run(workflow);
  return 'stored';
}
