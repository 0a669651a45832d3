import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { AdminGuard } from '../access/admin.guard.js';
import { ConfiguredGuards } from '../access/configured-guards.js';
import { METRICS_SETTINGS } from '../admin.constants.js';
import { ProblemError } from '../http/problem.js';
import type { MetricsSettings } from './metrics-settings.js';

/** The guards of `metrics.guards`. */
@Injectable()
export class MetricsGuards extends ConfiguredGuards {
  protected override readonly option = 'metrics.guards';

  constructor(@Inject(METRICS_SETTINGS) settings: MetricsSettings, moduleRef: ModuleRef, host: HttpAdapterHost) {
    super(settings, moduleRef, host);
  }
}

/** Lets a scraper read the metrics or not; the app's global guards have run before. */
@Injectable()
export class MetricsGuard implements CanActivate {
  constructor(
    @Inject(METRICS_SETTINGS) private readonly settings: MetricsSettings,
    private readonly guards: MetricsGuards,
    private readonly panel: AdminGuard,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { access } = this.settings;
    if (access === 'panel') return this.panel.canActivate(context);
    if (access === 'open' || (await this.guards.allow(context))) return true;
    throw new ProblemError(403, 'refused', 'A guard of "metrics.guards" refused the request.');
  }
}
