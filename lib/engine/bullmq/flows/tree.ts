import { WorkflowsNotSupportedError } from '../../../contract/index.js';
import type { NewNode, NewWorkflow } from '../../port/index.js';

/** Most tasks of a workflow: they are stored in one step, and Redis does nothing else meanwhile. */
export const MAX_FLOW_TASKS = 10_000;

const WAY_OUT =
  'Let a task of it enqueue what follows (task.queue with a key, by which a retry does not double it), or use the embedded engine.';

/**
 * For each node the place of the one that waits for it, null where none does: a job of BullMQ has one parent at most, so that
 * a workflow is as many trees as it has last nodes.
 *
 * @throws WorkflowsNotSupportedError for anything else, naming the node
 */
export function followersOf({ name, nodes }: Pick<NewWorkflow, 'name' | 'nodes'>): Array<number | null> {
  const fail = (problem: string): Error =>
    new WorkflowsNotSupportedError(`Workflow "${name}" cannot be started on BullMQ: ${problem}`);
  const followers = nodes.map((): number | null => null);
  for (const [place, node] of nodes.entries()) {
    if (node.kind === 'each' && node.after.length > 0) throw fail(severalParents(node, nodes[node.after[0]!]!));
    for (const awaited of node.after) {
      const other = followers[awaited] ?? null;
      if (other !== null) {
        throw fail(
          `"${nodes[other]!.name}" and "${node.name}" both wait for "${nodes[awaited]!.name}", and one node alone can wait for ` +
            `another there. ${WAY_OUT}`,
        );
      }
      followers[awaited] = place;
    }
  }
  const count = nodes.reduce((sum, { tasks }) => sum + tasks.length, 0);
  if (count > MAX_FLOW_TASKS) {
    throw fail(`it has ${count} tasks, and at most ${MAX_FLOW_TASKS} are stored there in one step. ${WAY_OUT}`);
  }
  return followers;
}

function severalParents(node: NewNode, awaited: NewNode): string {
  return (
    `"${node.name}" is a node of many tasks (each) that wait for "${awaited.name}", and one task alone can wait for another ` +
    `there: each() may wait for nothing. ${WAY_OUT}`
  );
}
