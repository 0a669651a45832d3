import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { TaskEngine } from '../../engine/index.js';
import { ADMIN_ENGINE } from '../admin.constants.js';
import { Answers } from '../http/answers.js';
import { Fields } from '../http/fields.js';
import { requestUrl, type HttpRequest, type HttpResponse } from '../http/http-types.js';

@Controller()
export class WorkersController {
  constructor(
    @Inject(ADMIN_ENGINE) private readonly engine: TaskEngine,
    private readonly answers: Answers,
  ) {}

  @Get('api/workers')
  async list(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    Fields.ofQuery(requestUrl(request).searchParams, []).done();
    this.answers.json(response, 200, await this.engine.workersAtWork());
  }
}
