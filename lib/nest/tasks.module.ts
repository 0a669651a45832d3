import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { adminParts } from '../admin/index.js';
import type { TasksModuleAsyncOptions, TasksModuleIdentity, TasksModuleRootOptions } from '../config/index.js';
import { shownValue } from '../checks/index.js';
import { DEFAULT_STORE, TasksConfigError } from '../contract/index.js';
import { HandlerRegistry } from '../handlers/index.js';
import { Operations } from '../operations/index.js';
import { asyncOptions } from './async-options.js';
import {
  getCronSchedulesToken,
  getTaskDispatcherToken,
  getTasksHealthToken,
  getTasksMetricsToken,
} from './decorators/index.js';
import { refuseNoOptions } from './options-object.js';
import { observingProviders } from './observing-providers.js';
import { storeProviders } from './store-providers.js';
import { TASKS_CONFIG, TASKS_IDENTITY, TASKS_OPTIONS } from './tasks.constants.js';
import type { StoreIdentity } from './tasks.identity.js';

/**
 * Durable tasks for a Nest app. Import it once, in the root module.
 *
 * @publicApi
 */
@Module({})
export class TasksModule {
  /**
   * @param options over those of `config/config.yaml`, where that exists
   * @throws TasksConfigError at boot, when an option is wrong
   */
  static forRoot(options: TasksModuleRootOptions = {}): DynamicModule {
    refuseNoOptions('TasksModule.forRoot()', options);
    return tasksModule(options, [{ provide: TASKS_OPTIONS, useValue: options }]);
  }

  /**
   * As {@link forRoot}, with options that other providers have a say in. `name`, `global` and `configFile` stand beside
   * the factory, as they are needed before it runs.
   *
   * @param options with one of `useFactory`, `useClass` and `useExisting`
   */
  static forRootAsync(options: TasksModuleAsyncOptions): DynamicModule {
    return tasksModule(options, asyncOptions(options), options.imports);
  }
}

function tasksModule(
  identity: TasksModuleIdentity,
  options: Provider[],
  imports: TasksModuleAsyncOptions['imports'] = [],
): DynamicModule {
  const name = identity.name ?? DEFAULT_STORE;
  if (typeof name !== 'string') throw new TasksConfigError(`"name" must be a text, not ${shownValue(name)}.`);
  const dispatcher = getTaskDispatcherToken(name);
  const crons = getCronSchedulesToken(name);
  const metrics = getTasksMetricsToken(name);
  const health = getTasksHealthToken(name);
  const admin = adminParts({
    config: TASKS_CONFIG,
    operations: Operations,
    dispatcher,
    crons,
    handlers: HandlerRegistry,
    metrics,
  });
  return {
    module: TasksModule,
    global: identity.global ?? true,
    // By its class alone, a test finds the module to put another one in its place, wherever its options are.
    imports: [DiscoveryModule, TasksModule, ...imports],
    controllers: admin.controllers,
    providers: [
      { provide: TASKS_IDENTITY, useValue: { name } satisfies StoreIdentity },
      ...options,
      ...storeProviders(dispatcher, crons),
      ...observingProviders(metrics, health, dispatcher),
      ...admin.providers,
    ],
    exports: [dispatcher, crons, metrics, health],
  };
}
