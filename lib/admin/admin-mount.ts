import { Controller, Inject, Injectable, Logger, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { TasksConfigError } from '../errors/index.js';
import type { AdminSettings } from './admin-settings.js';
import { ADMIN_CONTROLLERS, ADMIN_SETTINGS } from './admin.constants.js';
import { hookBodies } from './http/body-hook.js';

/** Path of each panel to the store it shows, in one app. */
const mounted = new WeakMap<ModulesContainer, Map<string, string>>();

/**
 * Gives the panel's controllers their path. Nest makes providers before it reads the paths of controllers, so that this
 * works for options that are only known by then, too.
 */
@Injectable()
export class AdminMount {
  constructor(
    @Inject(ADMIN_CONTROLLERS) controllers: ReadonlyArray<Type<object>>,
    @Inject(ADMIN_SETTINGS) settings: AdminSettings,
    host: HttpAdapterHost,
    config: ApplicationConfig,
    modules: ModulesContainer,
  ) {
    const isMounted = settings.notMounted === null;
    // A controller without a path has no routes: its requests are the app's to answer.
    const path = isMounted ? settings.path : [];
    for (const controller of controllers) Controller({ path, version: VERSION_NEUTRAL })(controller);
    if (isMounted) {
      claimPath(modules, settings);
      hookBodies(host, config, settings.path);
    } else if (settings.notMounted === 'unguarded-in-production' && host.httpAdapter) {
      new Logger('TasksAdmin').warn(
        'The admin panel is not mounted: NODE_ENV is "production" and "admin.guards" is empty. ' +
          'Set "admin.guards" to open it, or "admin: false" to say that there is none.',
      );
    }
  }
}

function claimPath(modules: ModulesContainer, settings: AdminSettings): void {
  const paths = mounted.get(modules) ?? new Map<string, string>();
  mounted.set(modules, paths);
  const other = paths.get(settings.path);
  if (other !== undefined) {
    throw new TasksConfigError(
      `The panels of the stores "${other}" and "${settings.store}" have the same path "${settings.path}": ` +
        'set "admin.path" of one of them to another.',
    );
  }
  paths.set(settings.path, settings.store);
}
