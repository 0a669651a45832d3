import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { TaskDispatcher } from '../../dispatcher/index.js';
import { ADMIN_DISPATCHER, MAX_FILTER_TEXT } from '../admin.constants.js';
import { Answers } from '../http/answers.js';
import { Fields } from '../http/fields.js';
import { requestUrl, type HttpRequest, type HttpResponse } from '../http/http-types.js';

@Controller()
export class MetricsController {
  constructor(
    @Inject(ADMIN_DISPATCHER) private readonly dispatcher: TaskDispatcher,
    private readonly answers: Answers,
  ) {}

  @Get('api/metrics')
  async metrics(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const fields = Fields.ofQuery(requestUrl(request).searchParams, ['queue', 'window']);
    const queue = fields.text('queue', MAX_FILTER_TEXT);
    const window = fields.text('window', MAX_FILTER_TEXT);
    fields.done();
    const query = {
      ...(queue !== undefined && { queue }),
      ...(window !== undefined && { window: asDuration(window) }),
    };
    this.answers.json(response, 200, await this.dispatcher.metrics(query));
  }
}

/** Digits alone are milliseconds, as a number is elsewhere. */
function asDuration(text: string): string | number {
  return /^\d{1,15}$/.test(text) ? Number(text) : text;
}
