import { Injectable } from '@nestjs/common';
import { ChangeFeed } from '../events/change-feed.js';
import { Answers } from '../http/answers.js';
import { ANSWERED, type Resource, type Routes } from './resource.js';

@Injectable()
export class EventsResource implements Resource {
  constructor(
    private readonly feed: ChangeFeed,
    private readonly answers: Answers,
  ) {}

  readonly routes: Routes = {
    'GET events': async (request, _named, response) => {
      // Both adapters answer HEAD by the handler of GET, and a stream would never end.
      if (request.method === 'HEAD')
        this.answers.text(response, 200, '', { 'Content-Type': 'text/event-stream; charset=utf-8' });
      else await this.feed.join(request, response);
      return ANSWERED;
    },
  };
}
