import { Controller, Delete, Get, Inject, Post, Req, Res } from '@nestjs/common';
import type { Task } from '../../engine/index.js';
import type { TaskDispatcher } from '../../dispatcher/index.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { targetText } from '../audit/target-text.js';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_DISPATCHER, ADMIN_SETTINGS } from '../admin.constants.js';
import { Answers } from '../http/answers.js';
import { Fields } from '../http/fields.js';
import { requestUrl, type HttpRequest, type HttpResponse } from '../http/http-types.js';
import { readJsonBody } from '../http/request-body.js';
import { readBulkRequest, readEnqueueRequest, readListRequest, type EnqueueRequest } from './task-requests.js';

@Controller()
export class TasksController {
  constructor(
    @Inject(ADMIN_DISPATCHER) private readonly dispatcher: TaskDispatcher,
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
    private readonly answers: Answers,
    private readonly audit: AuditTrail,
  ) {}

  @Get('api/tasks')
  async list(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const query = readListRequest(requestUrl(request).searchParams);
    this.answers.json(response, 200, await this.dispatcher.list(query));
  }

  @Post('api/tasks')
  async enqueue(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const wanted = readEnqueueRequest(await readJsonBody(request, this.settings.maxBodyBytes));
    const task = await this.enqueueAsWanted(wanted);
    await this.audit.note(request, 'enqueue', task.id);
    this.answers.json(response, 201, task, { Location: `tasks/${encodeURIComponent(task.id)}` });
  }

  // Before the routes with an id, which it would be one of.
  @Post('api/tasks/bulk')
  async bulk(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const { action, ids, filter } = readBulkRequest(await readJsonBody(request, this.settings.maxBodyBytes));
    const target = ids ? { ids } : { filter };
    const result = await this.dispatcher.bulk(action, target);
    await this.audit.note(request, action, targetText(target), result.changed);
    this.answers.json(response, 200, result);
  }

  @Get('api/tasks/:id')
  async get(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    Fields.ofQuery(requestUrl(request).searchParams, []).done();
    this.answers.json(response, 200, await this.dispatcher.get(request.params!.id!));
  }

  @Post('api/tasks/:id/retry')
  async retry(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const task = await this.dispatcher.retry(request.params!.id!);
    await this.audit.note(request, 'retry', task.id);
    this.answers.json(response, 200, task);
  }

  @Post('api/tasks/:id/cancel')
  async cancel(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const task = await this.dispatcher.cancel(request.params!.id!);
    await this.audit.note(request, 'cancel', task.id);
    this.answers.json(response, 200, task);
  }

  @Post('api/tasks/:id/run-now')
  async runNow(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const task = await this.dispatcher.runNow(request.params!.id!);
    await this.audit.note(request, 'run-now', task.id);
    this.answers.json(response, 200, task);
  }

  @Delete('api/tasks/:id')
  async delete(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const id = request.params!.id!;
    await this.dispatcher.delete(id);
    await this.audit.note(request, 'delete', id);
    this.answers.empty(response);
  }

  private enqueueAsWanted({ queue, name, params, delay, runAt, priority }: EnqueueRequest): Promise<Task> {
    const options = priority === undefined ? {} : { priority };
    if (delay !== undefined) return this.dispatcher.queueIn(queue, delay, name, params, options);
    if (runAt !== undefined) return this.dispatcher.queueAt(queue, runAt, name, params, options);
    return this.dispatcher.queue(queue, name, params, options);
  }
}
