import { Controller, Inject, Injectable, Logger, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { TasksConfigError } from '../contract/index.js';
import type { AdminSettings } from './admin-settings.js';
import { ADMIN_CONTROLLER, ADMIN_SETTINGS } from './admin.constants.js';
import { hookBodies } from './http/body-hook.js';
import { panelController } from './panel-controller.js';

/** Path of each panel to the store it shows, in one app. */
const mounted = new WeakMap<ModulesContainer, Map<string, string>>();

/**
 * Gives the panel's controller its path and metadata. Nest makes providers before it reads the paths of controllers, so
 * that this works for options that are only known by then, too.
 */
@Injectable()
export class AdminMount {
  constructor(
    @Inject(ADMIN_CONTROLLER) controller: Type<object>,
    @Inject(ADMIN_SETTINGS) settings: AdminSettings,
    host: HttpAdapterHost,
    config: ApplicationConfig,
    modules: ModulesContainer,
  ) {
    const isMounted = settings.notMounted === null;
    // Without a path it has no routes: their requests are the app's to answer.
    const path = isMounted ? settings.path : [];
    Controller({ path, version: VERSION_NEUTRAL })(controller);
    if (isMounted) {
      claimPath(modules, settings);
      addMetadata(controller, settings.metadata);
      hookBodies(host, config, settings.path);
    } else if (settings.notMounted === 'unguarded-in-production' && host.httpAdapter) {
      new Logger('TasksAdmin').warn(
        'The admin panel is not mounted: NODE_ENV is "production" and "admin.guards" is empty. ' +
          'Set "admin.guards" to open it, or "admin: false" to say that there is none.',
      );
    }
  }
}

/** The panels of an app: the path of each, and the store that it shows. */
export function panelsOf(modules: ModulesContainer): ReadonlyMap<string, string> {
  return mounted.get(modules) ?? new Map<string, string>();
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

/** On the class and on each handler: guards look at either. */
function addMetadata(controller: Type<object>, metadata: AdminSettings['metadata']): void {
  const ownKeys = new Set(
    targetsOf(panelController()).flatMap((target) => Reflect.getMetadataKeys(target) as unknown[]),
  );
  for (const key of Reflect.ownKeys(metadata)) {
    if (ownKeys.has(key)) {
      throw new TasksConfigError(
        `"admin.metadata": "${String(key)}" is a key that Nest or the panel itself sets. Leave it out.`,
      );
    }
    for (const target of targetsOf(controller)) Reflect.defineMetadata(key, metadata[key], target);
  }
}

/** The class and its handlers. */
function targetsOf(controller: Type<object>): object[] {
  const prototype = controller.prototype as Record<string, object>;
  return [...new Set([controller, ...Object.getOwnPropertyNames(prototype).map((name) => prototype[name]!)])];
}
