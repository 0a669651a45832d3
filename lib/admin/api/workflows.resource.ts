import { Inject, Injectable } from '@nestjs/common';
import {
  DEFAULT_PAGE_SIZE,
  MAX_NAME_LENGTH,
  MAX_PAGE_SIZE,
  MAX_TASK_ID_LENGTH,
  RequestFields,
} from '../../checks/index.js';
import { listOf, type Workflow, WORKFLOW_STATES, type WorkflowPage, type WorkflowState } from '../../contract/index.js';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_SETTINGS } from '../admin.constants.js';
import { AuditTrail } from '../audit/audit-trail.js';
import type { HttpRequest } from '../http/http-types.js';
import { readJsonBody } from '../http/request-body.js';
import { AllowedWorkflows } from '../rights/allowed-workflows.js';
import { readWantedTags } from './tag-fields.js';
import { queryOf, type Resource, type Routes, withoutQuery } from './resource.js';

/** Workflows: listed, shown with their nodes, cancelled and retried. */
@Injectable()
export class WorkflowsResource implements Resource {
  constructor(
    private readonly workflows: AllowedWorkflows,
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
    private readonly audit: AuditTrail,
  ) {}

  readonly routes: Routes = {
    'GET workflows': (request) => this.list(request),
    'GET workflows/:id': withoutQuery((request, id) => this.workflows.get(request, id)),
    'POST workflows/:id/cancel': withoutQuery((request, id) => this.cancel(request, id)),
    'POST workflows/:id/retry': (request, id) => this.retry(request, id),
  };

  private async list(request: HttpRequest): Promise<WorkflowPage> {
    const fields = queryOf(request, ['name', 'state', 'tag', 'cursor', 'limit'], ['tag']);
    const name = fields.text('name', MAX_NAME_LENGTH);
    const state = fields.text('state', MAX_NAME_LENGTH) as WorkflowState | undefined;
    if (state !== undefined && !WORKFLOW_STATES.includes(state)) {
      fields.wrong('state', `must be one of ${listOf(WORKFLOW_STATES)}`);
    }
    const tags = readWantedTags(fields);
    const cursor = fields.text('cursor', MAX_NAME_LENGTH);
    const limit = fields.wholeNumber('limit', 1, MAX_PAGE_SIZE) ?? DEFAULT_PAGE_SIZE;
    fields.done();
    return this.workflows.list(request, {
      ...(name !== undefined && { name }),
      ...(state !== undefined && { state }),
      ...(tags !== undefined && { tags }),
      ...(cursor !== undefined && { cursor }),
      limit,
    });
  }

  private async cancel(request: HttpRequest, id: string): Promise<Workflow> {
    await this.workflows.cancel(request, id);
    await this.audit.note(request, 'cancel-workflow', id);
    return this.workflows.get(request, id);
  }

  private async retry(request: HttpRequest, id: string): Promise<Workflow> {
    const fields = new RequestFields(await readJsonBody(request, this.settings.maxBodyBytes), ['from']);
    const from = fields.text('from', MAX_TASK_ID_LENGTH);
    fields.done();
    await this.workflows.retry(request, id, from ?? null);
    await this.audit.note(request, 'retry-workflow', id);
    return this.workflows.get(request, id);
  }
}
