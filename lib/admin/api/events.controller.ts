import { Controller, Get, Req, Res } from '@nestjs/common';
import { ChangeFeed } from '../events/change-feed.js';
import { Answers } from '../http/answers.js';
import type { HttpRequest, HttpResponse } from '../http/http-types.js';

@Controller()
export class EventsController {
  constructor(
    private readonly feed: ChangeFeed,
    private readonly answers: Answers,
  ) {}

  @Get('api/events')
  async events(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    // Both adapters answer HEAD by the handler of GET, and a stream would never end.
    if (request.method === 'HEAD')
      this.answers.text(response, 200, '', { 'Content-Type': 'text/event-stream; charset=utf-8' });
    else await this.feed.join(request, response);
  }
}
