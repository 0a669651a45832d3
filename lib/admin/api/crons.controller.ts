import { Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import type { CronSchedules } from '../../cron/index.js';
import { ADMIN_CRONS } from '../admin.constants.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { Answers } from '../http/answers.js';
import { Fields } from '../http/fields.js';
import { requestUrl, type HttpRequest, type HttpResponse } from '../http/http-types.js';

@Controller()
export class CronsController {
  constructor(
    @Inject(ADMIN_CRONS) private readonly crons: CronSchedules,
    private readonly answers: Answers,
    private readonly audit: AuditTrail,
  ) {}

  @Get('api/crons')
  async list(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    Fields.ofQuery(requestUrl(request).searchParams, []).done();
    this.answers.json(response, 200, await this.crons.list());
  }

  @Post('api/crons/:name/trigger')
  async trigger(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const name = request.params!.name!;
    const task = await this.crons.trigger(name);
    await this.audit.note(request, 'trigger-cron', name);
    this.answers.json(response, 201, task, { Location: `../../tasks/${encodeURIComponent(task.id)}` });
  }

  @Post('api/crons/:name/pause')
  async pause(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const name = request.params!.name!;
    await this.crons.pause(name);
    await this.audit.note(request, 'pause-cron', name);
    this.answers.json(response, 200, await this.crons.get(name));
  }

  @Post('api/crons/:name/resume')
  async resume(@Req() request: HttpRequest, @Res() response: HttpResponse): Promise<void> {
    const name = request.params!.name!;
    await this.crons.resume(name);
    await this.audit.note(request, 'resume-cron', name);
    this.answers.json(response, 200, await this.crons.get(name));
  }
}
