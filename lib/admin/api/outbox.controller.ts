import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { TaskDispatcher } from '../../dispatcher/index.js';
import { ADMIN_DISPATCHER } from '../admin.constants.js';
import { Answers } from '../http/answers.js';
import { Fields } from '../http/fields.js';
import { requestUrl, type HttpRequest, type HttpResponse } from '../http/http-types.js';

@Controller()
export class OutboxController {
  constructor(
    @Inject(ADMIN_DISPATCHER) private readonly dispatcher: TaskDispatcher,
    private readonly answers: Answers,
  ) {}

  @Get('api/outbox')
  async get(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    Fields.ofQuery(requestUrl(request).searchParams, []).done();
    this.answers.json(response, 200, await this.dispatcher.outbox());
  }
}
