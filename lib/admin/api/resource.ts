import { RequestFields } from '../../checks/index.js';
import { type HttpRequest, type HttpResponse, requestUrl } from '../http/http-types.js';

/** The answer to a request that made something. */
export class Created {
  /**
   * @param location relative to the request's path
   * @param status 200 where it was there already
   */
  constructor(
    readonly body: unknown,
    readonly location: string,
    readonly status: 200 | 201 = 201,
  ) {}
}

/** Says that the handler has written its answer itself. */
export const ANSWERED: unique symbol = Symbol('answered');

/**
 * @param named the segment that the route's path leaves open, decoded; empty where it leaves none
 * @returns the answer's JSON, or a promise of it; {@link Created}; undefined for an answer without content; {@link ANSWERED}
 */
export type RouteHandler = (request: HttpRequest, named: string, response: HttpResponse) => unknown;

/**
 * Handlers by method and path below `api/`, such as `POST tasks/:id/retry`. A path may leave one segment open; one that
 * leaves none goes first.
 */
export type Routes = Readonly<Record<string, RouteHandler>>;

/** A part of the API. */
export interface Resource {
  readonly routes: Routes;
}

/** See {@link RequestFields.ofQuery}. */
export function queryOf(request: HttpRequest, known: readonly string[], lists: readonly string[] = []): RequestFields {
  return RequestFields.ofQuery(requestUrl(request).searchParams, known, lists);
}

/** A route that takes no query. */
export function withoutQuery(handler: RouteHandler): RouteHandler {
  return (request, named, response) => {
    queryOf(request, []).done();
    return handler(request, named, response);
  };
}
