import { Inject, Injectable } from '@nestjs/common';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_RESOURCES, ADMIN_SETTINGS } from '../admin.constants.js';
import { Answers } from '../http/answers.js';
import type { HttpRequest, HttpResponse } from '../http/http-types.js';
import { ProblemError } from '../http/problem.js';
import { refuseForms } from '../http/request-body.js';
import { ANSWERED, Created, type Resource, type RouteHandler } from './resource.js';

interface Route {
  readonly method: string;
  /** Null: open. */
  readonly segments: ReadonlyArray<string | null>;
  readonly handler: RouteHandler;
}

/**
 * Finds what answers a request to the API. Nest sees the API as one handler: it would log a line at boot for each route,
 * more than an app has of its own.
 */
@Injectable()
export class ApiRouter {
  private readonly routes: readonly Route[];

  constructor(
    @Inject(ADMIN_RESOURCES) resources: readonly Resource[],
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
    private readonly answers: Answers,
  ) {
    const routes = resources.flatMap((resource) => Object.entries(resource.routes).map(toRoute));
    this.routes = routes.toSorted((left, right) => Number(isOpen(left)) - Number(isOpen(right)));
  }

  /**
   * @param segments of the path below `api/`, decoded
   * @throws ProblemError 404 where there is no such route, 403 where it changes something and nothing may be changed
   */
  async answer(request: HttpRequest, response: HttpResponse, segments: readonly string[]): Promise<void> {
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const route = this.routes.find((candidate) => candidate.method === method && matches(candidate, segments));
    if (!route) {
      throw new ProblemError(404, 'unknown_route', `The API has no ${request.method} of this path. See docs/admin.md.`);
    }
    if (this.settings.readOnly && method !== 'GET') {
      const detail = 'The panel shows and does not change: the option "admin.readOnly" is set.';
      throw new ProblemError(403, 'read_only', detail);
    }
    if (method !== 'GET') refuseForms(request);
    const answer = await route.handler(request, segments[route.segments.indexOf(null)] ?? '', response);
    if (answer === ANSWERED) return;
    if (answer === undefined) this.answers.empty(response);
    else if (answer instanceof Created) {
      this.answers.json(response, answer.status, answer.body, { Location: answer.location });
    } else this.answers.json(response, 200, answer);
  }
}

function toRoute([text, handler]: [string, RouteHandler]): Route {
  const [method, path] = text.split(' ', 2) as [string, string];
  const segments = path.split('/').map((segment) => (segment.startsWith(':') ? null : segment));
  return { method, segments, handler };
}

function isOpen({ segments }: Route): boolean {
  return segments.includes(null);
}

function matches({ segments }: Route, asked: readonly string[]): boolean {
  return (
    segments.length === asked.length && segments.every((segment, index) => segment === null || segment === asked[index])
  );
}
