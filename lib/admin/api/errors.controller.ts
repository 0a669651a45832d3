import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { TaskEngine } from '../../engine/index.js';
import { ADMIN_ENGINE, MAX_FILTER_TEXT } from '../admin.constants.js';
import { Answers } from '../http/answers.js';
import { Fields } from '../http/fields.js';
import { requestUrl, type HttpRequest, type HttpResponse } from '../http/http-types.js';

@Controller()
export class ErrorsController {
  constructor(
    @Inject(ADMIN_ENGINE) private readonly engine: TaskEngine,
    private readonly answers: Answers,
  ) {}

  @Get('api/errors')
  async list(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const fields = Fields.ofQuery(requestUrl(request).searchParams, ['queue', 'name']);
    const queue = fields.text('queue', MAX_FILTER_TEXT);
    const name = fields.text('name', MAX_FILTER_TEXT);
    fields.done();
    const query = { ...(queue !== undefined && { queue }), ...(name !== undefined && { name }) };
    this.answers.json(response, 200, await this.engine.failures(query));
  }
}
