import type { TaskError } from '../task.js';
import { TaskFailedError } from './result-errors.js';
import { TasksError } from './tasks-errors.js';

/** A workflow that cannot be started as it is: a cycle, a reference to no node of it, too many nodes. Nothing is stored. */
export class InvalidWorkflowError extends TasksError {
  override readonly name = 'InvalidWorkflowError';
  readonly code = 'invalid_workflow';

  /** @param problem worded to follow the name of the workflow */
  constructor(
    readonly workflow: string,
    problem: string,
  ) {
    super(`Workflow "${workflow}" ${problem}`);
  }
}

/** Something about workflows that this store cannot do. */
export class WorkflowsNotSupportedError extends TasksError {
  override readonly name = 'WorkflowsNotSupportedError';
  readonly code = 'workflows_not_supported';
}

export class WorkflowNotFoundError extends TasksError {
  override readonly name = 'WorkflowNotFoundError';
  readonly code = 'workflow_not_found';
  override readonly statusCode = 404;

  constructor(readonly workflowId: string) {
    super(`There is no workflow "${workflowId}"; it may have been deleted.`);
  }
}

/** The workflow is not in a state for that. */
export class WorkflowStateError extends TasksError {
  override readonly name = 'WorkflowStateError';
  readonly code = 'workflow_state';
  override readonly statusCode = 409;

  /** @param problem worded to follow the id of the workflow */
  constructor(
    readonly workflowId: string,
    problem: string,
  ) {
    super(`Workflow "${workflowId}" ${problem}`);
  }
}

/** The workflow that was waited for has failed; the `cause` is the error of a task of the node. */
export class WorkflowFailedError extends TasksError {
  override readonly name = 'WorkflowFailedError';
  readonly code = 'workflow_failed';

  constructor(
    readonly workflowId: string,
    readonly workflow: string,
    /** The first node that failed and was not answered; null where the workflow's deadline was over. */
    readonly node: string | null,
    task: { readonly id: string; readonly name: string; readonly error: TaskError | null } | null,
  ) {
    super(
      node === null
        ? `Workflow "${workflow}" (${workflowId}) has failed: its deadline was over before it had ended.`
        : `Workflow "${workflow}" (${workflowId}) has failed at node "${node}"${
            task?.error ? `: ${task.error.name}: ${task.error.message}` : ''
          }`,
      task ? { cause: new TaskFailedError(task.id, task.name, task.error) } : {},
    );
  }
}

/** The workflow that was waited for was cancelled, or a part of it that nothing answered. */
export class WorkflowCancelledError extends TasksError {
  override readonly name = 'WorkflowCancelledError';
  readonly code = 'workflow_cancelled';

  constructor(
    readonly workflowId: string,
    readonly workflow: string,
  ) {
    super(`Workflow "${workflow}" (${workflowId}) was cancelled.`);
  }
}
