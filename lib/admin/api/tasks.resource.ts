import { Inject, Injectable } from '@nestjs/common';
import type { ActionResult, EnqueuedTask, Task, TaskAction } from '../../contract/index.js';
import { errorGroupOf } from '../../operations/index.js';
import type { TaskDispatcher } from '../../queueing/index.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { targetText } from '../audit/target-text.js';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_DISPATCHER, ADMIN_SETTINGS } from '../admin.constants.js';
import type { HttpRequest } from '../http/http-types.js';
import { readJsonBody } from '../http/request-body.js';
import {
  readBulkRequest,
  readEnqueueRequest,
  readListRequest,
  readUpdateRequest,
  type EnqueueRequest,
} from './task-requests.js';
import { AllowedStore } from '../rights/allowed-store.js';
import { Created, type Resource, type Routes, withoutQuery } from './resource.js';

/** A task, with what the panel leads to from it. */
export interface ShownTask extends Task {
  /** Key of the group of errors that it failed with; null where it has not failed. */
  readonly errorGroup: string | null;
}

@Injectable()
export class TasksResource implements Resource {
  constructor(
    @Inject(ADMIN_DISPATCHER) private readonly dispatcher: TaskDispatcher,
    private readonly store: AllowedStore,
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
    private readonly audit: AuditTrail,
  ) {}

  readonly routes: Routes = {
    'GET tasks': (request) => this.store.list(request, readListRequest(request)),
    'POST tasks': (request) => this.enqueue(request),
    'POST tasks/bulk': (request) => this.bulk(request),
    'GET tasks/:id': withoutQuery((request, id) => this.show(request, id)),
    'POST tasks/:id/retry': (request, id) => this.act(request, 'retry', id),
    'POST tasks/:id/cancel': (request, id) => this.act(request, 'cancel', id),
    'POST tasks/:id/run-now': (request, id) => this.act(request, 'run-now', id),
    'PATCH tasks/:id': (request, id) => this.update(request, id),
    'DELETE tasks/:id': (request, id) => this.delete(request, id),
  };

  private async enqueue(request: HttpRequest): Promise<Created> {
    const wanted = readEnqueueRequest(await this.body(request));
    const { queue, name, tags = {} } = wanted;
    await this.store.require(request, 'enqueue', { queue, name, tags });
    const { enqueued, ...made } = await this.enqueueAsWanted(wanted);
    if (enqueued) await this.audit.note(request, 'enqueue', made.id);
    // One that is there already may be of a queue or a name that this user may not see.
    const task = enqueued ? made : await this.store.task(request, made.id);
    return new Created({ ...task, enqueued }, `tasks/${encodeURIComponent(task.id)}`, enqueued ? 201 : 200);
  }

  private async bulk(request: HttpRequest): Promise<ActionResult> {
    const { action, ids, filter } = readBulkRequest(await this.body(request));
    const target = ids ? { ids } : { filter };
    const result = await this.store.bulk(request, action, target);
    await this.audit.note(request, action, targetText(target), result.changed);
    return result;
  }

  private async show(request: HttpRequest, id: string): Promise<ShownTask> {
    const task = await this.store.task(request, id);
    return { ...task, errorGroup: errorGroupOf(task) };
  }

  private async act(request: HttpRequest, action: Exclude<TaskAction, 'delete'>, id: string): Promise<Task> {
    const task = await this.store.act(request, action, id);
    await this.audit.note(request, action, task.id);
    return task;
  }

  private async update(request: HttpRequest, id: string): Promise<Task> {
    const wanted = readUpdateRequest(await this.body(request));
    await this.store.requireToUpdate(request, id);
    await this.dispatcher.update(id, wanted);
    await this.audit.note(request, 'update', id);
    return this.store.task(request, id);
  }

  private async delete(request: HttpRequest, id: string): Promise<void> {
    await this.store.delete(request, id);
    await this.audit.note(request, 'delete', id);
  }

  private body(request: HttpRequest): Promise<Record<string, unknown>> {
    return readJsonBody(request, this.settings.maxBodyBytes);
  }

  private enqueueAsWanted(wanted: EnqueueRequest): Promise<EnqueuedTask> {
    const { queue, name, params, delay, runAt, priority, id, tags } = wanted;
    const options = {
      ...(priority !== undefined && { priority }),
      ...(id !== undefined && { id }),
      ...(tags && { tags }),
    };
    if (delay !== undefined) return this.dispatcher.queueIn(queue, delay, name, params, options);
    if (runAt !== undefined) return this.dispatcher.queueAt(queue, runAt, name, params, options);
    return this.dispatcher.queue(queue, name, params, options);
  }
}
