import { WorkflowsNotSupportedError } from '../contract/index.js';
import type { TaskEngine, Workflows } from '../engine/port/index.js';

/**
 * The workflows of an engine.
 *
 * @param what could not be done
 * @throws WorkflowsNotSupportedError where it has none
 */
export function workflowsOf({ kind, workflows }: Pick<TaskEngine, 'kind' | 'workflows'>, what: string): Workflows {
  if (workflows) return workflows;
  throw new WorkflowsNotSupportedError(
    `The engine "${kind}" has no workflows, and ${what}: let each task enqueue the next (task.queue with a key, by which a ` +
      'retry does not double it), or use the embedded engine.',
  );
}
