import { InvalidArgumentError, type TaskWorkflow } from '../contract/index.js';
import type { DeliveredTask } from '../engine/port/index.js';

/** The workflow of a task that runs. @throws InvalidArgumentError where it is of none */
export function workflowOf({ id, name, traits }: DeliveredTask, method: string): TaskWorkflow {
  if (traits?.workflow) return traits.workflow;
  throw new InvalidArgumentError(
    'workflow',
    `Task "${name}" (${id}) is of no workflow, and task.${method} is about one: start it by tasks.workflow(), or enqueue by ` +
      'task.queue and wait by task.call.',
  );
}
