import { Controller, Inject, Injectable, Logger, type Type, VERSION_NEUTRAL } from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { TasksConfigError } from '../../contract/index.js';
import { METRICS_CONTROLLER, METRICS_SETTINGS } from '../admin.constants.js';
import type { MetricsSettings } from './metrics-settings.js';

/** Path of each route of metrics to the store that it tells of, in one app. */
const mounted = new WeakMap<ModulesContainer, Map<string, string>>();

/** Gives the controller its path, as that of the panel is given: the options may be known only by now. */
@Injectable()
export class MetricsMount {
  constructor(
    @Inject(METRICS_CONTROLLER) controller: Type<object>,
    @Inject(METRICS_SETTINGS) { path, store, notMounted }: MetricsSettings,
    host: HttpAdapterHost,
    modules: ModulesContainer,
  ) {
    Controller({ path: path ?? [], version: VERSION_NEUTRAL })(controller);
    if (path !== null) claimPath(modules, path, store);
    if (notMounted === 'unguarded-in-production' && host.httpAdapter) {
      new Logger('TasksAdmin').warn(
        'The route of the metrics is not mounted: it is guarded as the panel is, NODE_ENV is "production" and "admin.guards" ' +
          'is empty. Set "admin.guards" or "metrics.guards", or "metrics.access" to "open" where only those reach it who may ' +
          'read it.',
      );
    }
  }
}

function claimPath(modules: ModulesContainer, path: string, store: string): void {
  const paths = mounted.get(modules) ?? new Map<string, string>();
  mounted.set(modules, paths);
  const other = paths.get(path);
  if (other !== undefined) {
    throw new TasksConfigError(
      `The metrics of the stores "${other}" and "${store}" have the same path "${path}": set "metrics.path" of one of them to another.`,
    );
  }
  paths.set(path, store);
}
