import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_SETTINGS } from '../admin.constants.js';
import { rawRequest, type HttpRequest } from '../http/http-types.js';
import { ProblemError } from '../http/problem.js';
import { isPage } from '../page/page-marker.js';
import { ConfiguredGuards } from './configured-guards.js';
import { notLocal } from './local-request.js';
import { isNavigation, isSameOrigin } from './same-origin.js';

/** Who may enter the panel, in the order of what is cheapest to tell. The app's global guards have run before. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
    private readonly guards: ConfiguredGuards,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = rawRequest(context.switchToHttp().getRequest<HttpRequest>());
    const guarded = this.settings.guards.length > 0;
    if (!guarded) requireLocal(notLocal(request));
    if (!isSameOrigin(request, guarded) && !(isPage(context.getHandler()) && isNavigation(request))) {
      throw new ProblemError(
        403,
        'cross_origin',
        'Pages of other origins may not use this API: Origin or Sec-Fetch-Site names one.',
      );
    }
    if (!(await this.guards.allow(context))) {
      throw new ProblemError(403, 'refused', 'A guard of "admin.guards" refused the request.');
    }
    if (this.settings.readOnly && request.method !== 'GET' && request.method !== 'HEAD') {
      throw new ProblemError(
        403,
        'read_only',
        'The panel shows and does not change: the option "admin.readOnly" is set.',
      );
    }
    return true;
  }
}

function requireLocal(reason: string | null): void {
  if (reason === null) return;
  throw new ProblemError(
    403,
    'not_local',
    `Without "admin.guards" the panel answers only direct requests of its own machine, and this is none: ${reason}. ` +
      'Set the option "admin.guards" to Nest guards that decide who may enter.',
  );
}
