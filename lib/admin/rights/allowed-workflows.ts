import { Inject, Injectable } from '@nestjs/common';
import type { AdminAction } from '../../config/index.js';
import type { Workflow, WorkflowPage } from '../../contract/index.js';
import type { ListWorkflowsQuery, Operations } from '../../operations/index.js';
import { ADMIN_OPERATIONS } from '../admin.constants.js';
import type { HttpRequest } from '../http/http-types.js';
import { RightsOf } from './rights.js';

/** Workflows, as far as whoever asks may see all of their tasks, and do that to each. */
@Injectable()
export class AllowedWorkflows {
  constructor(
    @Inject(ADMIN_OPERATIONS) private readonly operations: Operations,
    private readonly rightsOf: RightsOf,
  ) {}

  /** They are of all queues. @throws ProblemError 403 */
  async list(request: HttpRequest, query: ListWorkflowsQuery): Promise<WorkflowPage> {
    await this.rightsOf.for(request)?.require('see', {});
    return this.operations.workflows.list(query);
  }

  /** @throws WorkflowNotFoundError, ProblemError 403 */
  async get(request: HttpRequest, id: string): Promise<Workflow> {
    const workflow = await this.operations.workflows.get(id);
    await this.require(request, 'see', workflow);
    return workflow;
  }

  /** @throws WorkflowNotFoundError, WorkflowStateError, ProblemError 403 */
  async cancel(request: HttpRequest, id: string): Promise<void> {
    await this.require(request, 'cancel', await this.get(request, id));
    await this.operations.workflows.cancel(id);
  }

  /** @throws WorkflowNotFoundError, WorkflowStateError, ProblemError 403 */
  async retry(request: HttpRequest, id: string, from: string | null): Promise<void> {
    await this.require(request, 'retry', await this.get(request, id));
    await this.operations.workflows.retry(id, from);
  }

  /** Where not all of its nodes are listed, of all queues. */
  private async require(request: HttpRequest, action: AdminAction, workflow: Workflow): Promise<void> {
    const rights = this.rightsOf.for(request);
    if (!rights) return;
    const total = Object.values(workflow.nodes).reduce((sum, count) => sum + count, 0);
    if (workflow.listed.length < total) await rights.require(action, {});
    for (const { queue, task } of workflow.listed) await rights.require(action, { queue, name: task });
  }
}
