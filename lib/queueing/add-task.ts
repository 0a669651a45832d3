import { checkOwnId } from '../checks/index.js';
import { type EnqueuedTask, StoreError, TaskAbortedError, type TaskWorkflow } from '../contract/index.js';
import type { StepLease, TaskEngine } from '../engine/port/index.js';
import { addedId, workflowsOf } from '../workflows/index.js';
import type { EnqueuePipeline } from './enqueue-pipeline.js';
import { asStored } from './store-tasks.js';
import type { AddTaskOptions } from './task-dispatcher.types.js';

/**
 * Adds a task to the node of the one that runs: whoever waits for that one waits for this one too.
 *
 * @param where the workflow and node of the one that runs, and what tells apart what it adds
 * @throws TaskAbortedError where the one that runs is not to any more; what enqueueing throws
 */
export async function addTask(
  engine: TaskEngine,
  pipeline: EnqueuePipeline,
  lease: StepLease,
  { id, node, key }: { readonly id: string; readonly node: string; readonly key: string },
  [queue, name, params, options]: [queue: string, name: string, params: object, options: AddTaskOptions],
): Promise<EnqueuedTask> {
  const workflows = workflowsOf(engine, `task "${lease.id}" cannot add "${name}"`);
  const { key: _key, ...others } = options;
  const own = { ...others, id: addedId(lease.id, checkOwnId(key, 'key')), unique: false } as const;
  const [ready] = await pipeline.prepareMany(queue, [{ name, params }], own);
  const workflow: TaskWorkflow = { id, node, added: true };
  const task = { ...ready!.task, traits: { ...ready!.task.traits, workflow } };
  const answer = await workflows.add(lease, task);
  switch (answer) {
    case 'stored':
      return asStored({ ...ready!, task });
    case 'existing': {
      const [found] = await engine.enqueueing.existing([task]);
      if (found) return { ...found, enqueued: false };
      throw new StoreError(`Task "${task.id}" was added before, and is gone.`);
    }
    case 'ending':
      throw new TaskAbortedError('cancelled', `"${name}" was not added: the workflow is being cancelled.`);
    case 'lost':
      throw new TaskAbortedError(
        'lease-lost',
        `"${name}" was not added: the task was given to another worker meanwhile.`,
      );
  }
}
