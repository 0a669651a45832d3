import {
  checkObject,
  checkTags,
  checkTaskId,
  checkTaskName,
  DEFAULT_PAGE_SIZE,
  MAX_PAGE_SIZE,
  shownValue,
} from '../checks/index.js';
import {
  InvalidArgumentError,
  listOf,
  type TaskTags,
  type Workflow,
  WORKFLOW_STATES,
  WorkflowNotFoundError,
  type WorkflowPage,
  type WorkflowState,
  WorkflowsNotSupportedError,
  WorkflowStateError,
} from '../contract/index.js';
import type { TaskEngine, WorkflowAnswer, Workflows } from '../engine/port/index.js';

/** Which workflows are listed, the newest first. */
export interface ListWorkflowsQuery {
  name?: string;
  state?: WorkflowState;
  /** Those that have each of these. */
  tags?: TaskTags;
  /** From an earlier page. */
  cursor?: string;
  /**
   * How many a page has: 1 to 500.
   * @default 50
   */
  limit?: number;
}

/** Reads and steers stored workflows. */
export class WorkflowOperations {
  constructor(private readonly engine: Pick<TaskEngine, 'kind' | 'workflows'>) {}

  /** Whether the engine has workflows. */
  get areThere(): boolean {
    return this.engine.workflows !== undefined;
  }

  /** @throws WorkflowNotFoundError, WorkflowsNotSupportedError */
  async get(id: string): Promise<Workflow> {
    const workflow = await this.workflows.get(checkTaskId(id));
    if (!workflow) throw new WorkflowNotFoundError(id);
    return workflow;
  }

  /** None where the engine has no workflows. @throws InvalidArgumentError */
  async list(query: ListWorkflowsQuery): Promise<WorkflowPage> {
    const known = ['name', 'state', 'tags', 'cursor', 'limit'];
    const checked = checkObject(query, 'query', 'listWorkflows', known) as ListWorkflowsQuery;
    const { name, state, tags, cursor, limit = DEFAULT_PAGE_SIZE } = checked;
    if (state !== undefined && !WORKFLOW_STATES.includes(state)) {
      throw new InvalidArgumentError(
        'state',
        `state must be one of ${listOf(WORKFLOW_STATES)}, not ${shownValue(state)}.`,
      );
    }
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_SIZE) {
      throw new InvalidArgumentError('limit', `limit must be a whole number from 1 to ${MAX_PAGE_SIZE}.`);
    }
    if (cursor !== undefined && (typeof cursor !== 'string' || cursor === '')) {
      throw new InvalidArgumentError('cursor', 'cursor must be the "next" of an earlier page.');
    }
    if (!this.engine.workflows) return { items: [], next: null };
    return this.engine.workflows.list({
      ...(name !== undefined && { name: checkTaskName(name) }),
      ...(state !== undefined && { state }),
      ...(tags !== undefined && { tags: checkTags(tags) }),
      ...(cursor !== undefined && { cursor }),
      limit,
    });
  }

  /** Cancels what has not ended of it. @throws WorkflowNotFoundError, WorkflowStateError, WorkflowsNotSupportedError */
  async cancel(id: string): Promise<void> {
    const { done, state } = await this.workflows.cancel(checkTaskId(id));
    if (done) return;
    throw refused(id, state, (found) => `has ended (${found}): nothing of it can be cancelled any more.`);
  }

  /**
   * Has nodes run again that failed or were cancelled.
   *
   * @param from name of the node; null: each that failed, or that the deadline cancelled
   * @throws WorkflowNotFoundError, WorkflowStateError, WorkflowsNotSupportedError
   */
  async retry(id: string, from: string | null): Promise<void> {
    if (from !== null && typeof from !== 'string') {
      throw new InvalidArgumentError('from', `from must be the name of a node, not ${shownValue(from)}.`);
    }
    const answer = await this.workflows.retry(checkTaskId(id), from);
    if (answer.done) return;
    throw refused(id, answer.state, () => nothingToRetry(answer, from));
  }

  private get workflows(): Workflows {
    const { workflows, kind } = this.engine;
    if (workflows) return workflows;
    throw new WorkflowsNotSupportedError(
      `The engine "${kind}" has no workflows, so there is none to show, to cancel or to retry.`,
    );
  }
}

function refused(id: string, state: WorkflowState | null, problem: (state: WorkflowState) => string): Error {
  return state === null ? new WorkflowNotFoundError(id) : new WorkflowStateError(id, problem(state));
}

function nothingToRetry({ nodes = [] }: WorkflowAnswer, from: string | null): string {
  const what = from === null ? 'has no node that failed' : `has no node "${from}" that failed or was cancelled`;
  const others = nodes.length > 0 ? ` Those that did: ${listOf(nodes)}.` : '';
  return `${what}.${others}`;
}
