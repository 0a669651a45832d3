import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { TaskEngine } from '../../engine/index.js';
import { ADMIN_ENGINE, DEFAULT_PAGE_SIZE, MAX_FILTER_TEXT, MAX_PAGE_SIZE } from '../admin.constants.js';
import { Answers } from '../http/answers.js';
import { Fields } from '../http/fields.js';
import { requestUrl, type HttpRequest, type HttpResponse } from '../http/http-types.js';

@Controller()
export class AuditController {
  constructor(
    @Inject(ADMIN_ENGINE) private readonly engine: TaskEngine,
    private readonly answers: Answers,
  ) {}

  @Get('api/audit')
  async list(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const fields = Fields.ofQuery(requestUrl(request).searchParams, ['cursor', 'limit']);
    const cursor = fields.text('cursor', MAX_FILTER_TEXT);
    const limit = fields.wholeNumber('limit', 1, MAX_PAGE_SIZE) ?? DEFAULT_PAGE_SIZE;
    fields.done();
    this.answers.json(response, 200, await this.engine.audit({ limit, ...(cursor !== undefined && { cursor }) }));
  }
}
