import { All, Controller, Req } from '@nestjs/common';
import type { HttpRequest } from '../http/http-types.js';
import { ProblemError } from '../http/problem.js';

/** By segments, since Express and Fastify write a wildcard differently. What is deeper is the app's to answer. */
const UNKNOWN_ROUTES = ['api', 'api/:a', 'api/:a/:b', 'api/:a/:b/:c', 'api/:a/:b/:c/:d'];

/** What no other route of the API answers. Registered last. */
@Controller()
export class UnknownRouteController {
  @All(UNKNOWN_ROUTES)
  unknown(@Req() request: HttpRequest): never {
    throw new ProblemError(404, 'unknown_route', `The API has no ${request.method} of this path. See docs/admin.md.`);
  }
}
