import type { IncomingMessage } from 'node:http';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_SETTINGS } from '../admin.constants.js';
import { rawRequest, type HttpRequest } from '../http/http-types.js';
import { ProblemError } from '../http/problem.js';
import { isPage } from '../page/page-marker.js';
import { ConfiguredGuards } from './configured-guards.js';
import { KeyRequiredError } from './key-required.error.js';
import { notLocal } from './local-request.js';
import { PanelAddress } from './panel-address.js';
import { PanelKey } from './panel-key.js';
import { hostOf, isRegistrable } from './request-host.js';
import { isHostOf, isNavigation, isSameOrigin } from './same-origin.js';

/** Lets people into the panel or not; the cheapest check comes first. The app's global guards have run before. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
    private readonly guards: ConfiguredGuards,
    private readonly key: PanelKey,
    private readonly address: PanelAddress,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = rawRequest(context.switchToHttp().getRequest<HttpRequest>());
    const { access, origins } = this.settings;
    if (access !== 'guards') requireLocal(notLocal(request));
    requireKnownHost(hostOf(request), origins);
    if (!(isPage(context.getHandler()) && isNavigation(request))) requireSameOrigin(request, origins);
    if (!(await this.guards.allow(context))) {
      throw new ProblemError(403, 'refused', 'A guard of "admin.guards" refused the request.');
    }
    if (access === 'key') await this.requireKey(request);
    return true;
  }

  private async requireKey(request: IncomingMessage): Promise<void> {
    const credentials = await this.key.credentialsOf(request);
    if (credentials === 'right') return;
    this.address.logFor(request);
    throw new KeyRequiredError(credentials === 'wrong');
  }
}

/** Without `admin.origins` nothing is known of the names under which the panel is reached. */
function requireKnownHost(host: string | undefined, origins: readonly string[]): void {
  if (origins.length === 0 || !isRegistrable(host) || isHostOf(origins, host)) return;
  throw new ProblemError(
    403,
    'unknown_host',
    'The panel is not reached under this Host. Add the origin that it belongs to to "admin.origins", if it is one of yours.',
  );
}

function requireSameOrigin(request: IncomingMessage, origins: readonly string[]): void {
  if (isSameOrigin(request, origins)) return;
  throw new ProblemError(
    403,
    'cross_origin',
    'Pages of other origins may not use this API: Sec-Fetch-Site says that this is one, or Origin is neither that of ' +
      'Host nor one of "admin.origins". Where a proxy changes Host, list there the origin under which the panel is reached.',
  );
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
