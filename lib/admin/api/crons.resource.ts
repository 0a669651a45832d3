import { Inject, Injectable } from '@nestjs/common';
import type { CronSchedule, CronSchedules } from '../../cron/index.js';
import { ADMIN_CRONS } from '../admin.constants.js';
import { AuditTrail } from '../audit/audit-trail.js';
import type { HttpRequest } from '../http/http-types.js';
import { AllowedStore } from '../rights/allowed-store.js';
import { Created, type Resource, type Routes, withoutQuery } from './resource.js';

@Injectable()
export class CronsResource implements Resource {
  constructor(
    @Inject(ADMIN_CRONS) private readonly crons: CronSchedules,
    private readonly store: AllowedStore,
    private readonly audit: AuditTrail,
  ) {}

  readonly routes: Routes = {
    'GET crons': withoutQuery((request) => this.store.crons(request)),
    'POST crons/:name/trigger': (request, name) => this.trigger(request, name),
    'POST crons/:name/pause': (request, name) => this.steer(request, 'pause', name),
    'POST crons/:name/resume': (request, name) => this.steer(request, 'resume', name),
  };

  private async trigger(request: HttpRequest, name: string): Promise<Created> {
    await this.store.requireCron(request, 'trigger-cron', name);
    const task = await this.crons.trigger(name);
    await this.audit.note(request, 'trigger-cron', name);
    return new Created(task, `../../tasks/${encodeURIComponent(task.id)}`);
  }

  private async steer(request: HttpRequest, action: 'pause' | 'resume', name: string): Promise<CronSchedule> {
    await this.store.requireCron(request, `${action}-cron`, name);
    await this.crons[action](name);
    await this.audit.note(request, `${action}-cron`, name);
    return this.crons.get(name);
  }
}
