import { Inject, Injectable } from '@nestjs/common';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_SETTINGS } from '../admin.constants.js';
import { Answers } from '../http/answers.js';
import { rawRequest, type HttpRequest, type HttpResponse } from '../http/http-types.js';
import { ProblemError } from '../http/problem.js';
import { PanelKey } from './panel-key.js';

/** The session that the page asks for with the key, so that it has no key to keep. */
@Injectable()
export class PanelSession {
  constructor(
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
    private readonly key: PanelKey,
    private readonly answers: Answers,
  ) {}

  /** @throws ProblemError 404 where the panel has no key */
  async open(request: HttpRequest, response: HttpResponse): Promise<void> {
    if (this.settings.access !== 'key') throw new ProblemError(404, 'unknown_route', 'This panel has no key.');
    this.answers.empty(response, { 'Set-Cookie': await this.key.cookie(rawRequest(request)) });
  }
}
