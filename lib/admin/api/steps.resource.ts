import { Inject, Injectable } from '@nestjs/common';
import { MAX_STEP_NAME_LENGTH, RequestFields } from '../../checks/index.js';
import type { Task, TaskSteps } from '../../contract/index.js';
import type { TaskDispatcher } from '../../queueing/index.js';
import { AuditTrail } from '../audit/audit-trail.js';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_DISPATCHER, ADMIN_SETTINGS } from '../admin.constants.js';
import type { HttpRequest } from '../http/http-types.js';
import { readJsonBody } from '../http/request-body.js';
import { AllowedStore } from '../rights/allowed-store.js';
import { type Resource, type Routes, withoutQuery } from './resource.js';

/** The durable steps of a task, and signals to it. */
@Injectable()
export class StepsResource implements Resource {
  constructor(
    @Inject(ADMIN_DISPATCHER) private readonly dispatcher: TaskDispatcher,
    private readonly store: AllowedStore,
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
    private readonly audit: AuditTrail,
  ) {}

  readonly routes: Routes = {
    'GET tasks/:id/steps': withoutQuery((request, id) => this.list(request, id)),
    'POST tasks/:id/signals': (request, id) => this.signal(request, id),
    'POST tasks/:id/retry-from': (request, id) => this.retryFrom(request, id),
  };

  private async list(request: HttpRequest, id: string): Promise<TaskSteps> {
    await this.store.task(request, id);
    return this.dispatcher.steps(id);
  }

  private async signal(request: HttpRequest, id: string): Promise<void> {
    const fields = await this.body(request, ['name', 'payload']);
    fields.required('name');
    const name = fields.text('name', MAX_STEP_NAME_LENGTH);
    fields.done();
    await this.store.requireTo(request, 'signal', id);
    await this.dispatcher.signal(id, name!, fields.value('payload'));
    await this.audit.note(request, 'signal', id);
  }

  private async retryFrom(request: HttpRequest, id: string): Promise<Task> {
    const fields = await this.body(request, ['step']);
    fields.required('step');
    const step = fields.text('step', MAX_STEP_NAME_LENGTH * 3);
    fields.done();
    await this.store.requireTo(request, 'retry', id);
    await this.dispatcher.retry(id, { from: step! });
    await this.audit.note(request, 'retry', id);
    return this.store.task(request, id);
  }

  private async body(request: HttpRequest, known: readonly string[]): Promise<RequestFields> {
    return new RequestFields(await readJsonBody(request, this.settings.maxBodyBytes), known);
  }
}
