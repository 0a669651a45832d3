import { type TaskAction, WorkflowsNotSupportedError } from '../../../contract/index.js';
import { jobIdOf, taskIdOf } from '../job-ids.js';
import { FLOW_QUEUE } from '../queue-names.js';
import type { QueueSet } from '../queue-set.js';
import { notesOf } from '../stored-job.js';
import type { Listed } from '../task-lists.js';

/**
 * What keeps a task of a workflow from being acted on by itself; null where nothing does. BullMQ lets what waits for a task go
 * on when that has ended, and for good: it cannot wait for it again.
 */
export async function workflowProblem(set: QueueSet, action: TaskAction, listed: Listed): Promise<Error | null> {
  const { workflow } = notesOf(listed.job).traits ?? {};
  if (!workflow) return null;
  const problem = await problemOf(set, action, listed, workflow.id);
  return problem === null
    ? null
    : new WorkflowsNotSupportedError(
        `Task "${taskIdOf(listed.job.id!)}" (${listed.job.name}) is of workflow "${workflow.id}", and ${problem}`,
      );
}

async function problemOf(
  set: QueueSet,
  action: TaskAction,
  { state }: Listed,
  workflow: string,
): Promise<string | null> {
  if (action === 'retry' && state !== 'retryable') {
    return 'on BullMQ none of it runs again: what has waited for it has gone on. Start the workflow anew.';
  }
  if (action === 'cancel' && state === 'blocked') {
    return 'on BullMQ one that waits for others is not cancelled by itself. Cancel the workflow, or what it waits for.';
  }
  if (action === 'delete' && (await set.queue(FLOW_QUEUE).getJobState(jobIdOf(workflow))) === 'waiting-children') {
    return 'that has not ended. Cancel the workflow, or wait for its end.';
  }
  return null;
}
