import { Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import { ADMIN_DISPATCHER } from '../admin.constants.js';
import type { TaskDispatcher } from '../../dispatcher/index.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { Answers } from '../http/answers.js';
import { Fields } from '../http/fields.js';
import { requestUrl, type HttpRequest, type HttpResponse } from '../http/http-types.js';
import { queueOfPath } from '../http/problem-mapping.js';

@Controller()
export class QueuesController {
  constructor(
    @Inject(ADMIN_DISPATCHER) private readonly dispatcher: TaskDispatcher,
    private readonly answers: Answers,
    private readonly audit: AuditTrail,
  ) {}

  @Get('api/queues')
  async list(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    Fields.ofQuery(requestUrl(request).searchParams, []).done();
    this.answers.json(response, 200, await this.dispatcher.stats());
  }

  @Post('api/queues/:queue/pause')
  async pause(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const queue = request.params!.queue!;
    await queueOfPath(this.dispatcher.pauseQueue(queue));
    await this.audit.note(request, 'pause-queue', queue);
    await this.answerQueue(response, queue);
  }

  @Post('api/queues/:queue/resume')
  async resume(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const queue = request.params!.queue!;
    await queueOfPath(this.dispatcher.resumeQueue(queue));
    await this.audit.note(request, 'resume-queue', queue);
    await this.answerQueue(response, queue);
  }

  private async answerQueue(response: HttpResponse, queue: string): Promise<void> {
    const all = await this.dispatcher.stats();
    this.answers.json(response, 200, all.find((stats) => stats.queue === queue) ?? null);
  }
}
