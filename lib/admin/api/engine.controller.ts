import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { EngineCapabilities, TaskEngine } from '../../engine/index.js';
import { VERSION } from '../../version.js';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_ENGINE, ADMIN_SETTINGS } from '../admin.constants.js';
import { Answers } from '../http/answers.js';
import { Fields } from '../http/fields.js';
import { requestUrl, type HttpRequest, type HttpResponse } from '../http/http-types.js';

/** What a panel has to know before it shows anything. */
export interface EngineInfo {
  /** `sqlite`, `bullmq-redis` or `bullmq-postgres`. */
  readonly kind: string;
  readonly capabilities: EngineCapabilities;
  readonly readOnly: boolean;
  /** Of the library. */
  readonly version: string;
}

@Controller()
export class EngineController {
  constructor(
    @Inject(ADMIN_ENGINE) private readonly engine: TaskEngine,
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
    private readonly answers: Answers,
  ) {}

  @Get('api/engine')
  get(@Req() request: HttpRequest, @Res() response: HttpResponse): void {
    Fields.ofQuery(requestUrl(request).searchParams, []).done();
    const { kind, capabilities } = this.engine;
    const info: EngineInfo = { kind, capabilities, readOnly: this.settings.readOnly, version: VERSION };
    this.answers.json(response, 200, info);
  }
}
