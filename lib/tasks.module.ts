import { type DynamicModule, type FactoryProvider, Logger, Module, type Provider } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner, ModuleRef, ModulesContainer } from '@nestjs/core';
import { adminParts } from './admin/index.js';
import { loadConfig, withHandlerQueues } from './config/index.js';
import type {
  TasksModuleAsyncOptions,
  TasksModuleIdentity,
  TasksModuleOptions,
  TasksModuleRootOptions,
  TasksOptionsFactory,
} from './config/options.js';
import type { ResolvedConfig } from './config/resolved-config.js';
import { CronExplorer, CronRegistry, CronScanner, CronSchedules, cronQueues } from './cron/index.js';
import { getCronSchedulesToken, getTaskDispatcherToken } from './decorators/index.js';
import { HandlerExplorer, handlerQueues, HandlerRegistry, HandlerScanner, Stores } from './discovery/index.js';
import type { TaskEngine } from './engine/index.js';
import { TasksConfigError, listOf } from './errors/index.js';
import { ParamsCodec } from './params/index.js';
import { TaskRunner } from './runner/index.js';
import { TaskDispatcher } from './dispatcher/index.js';
import {
  DEFAULT_STORE,
  TASK_ENGINE,
  TASKS_CONFIG,
  TASKS_IDENTITY,
  TASKS_OPTIONS,
  TASKS_OPTIONS_FACTORY,
} from './tasks.constants.js';
import { openEngine } from './tasks.engine.js';
import { storesOf, type StoreIdentity } from './tasks.identity.js';
import { TasksLifecycle } from './tasks.lifecycle.js';

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
    return tasksModule(options, [{ provide: TASKS_OPTIONS, useValue: options }]);
  }

  /**
   * As {@link forRoot}, with options that other providers have a say in. `name`, `global` and `configFile` stand beside
   * the factory, as they are needed before it runs.
   *
   * @param options with one of `useFactory`, `useClass` and `useExisting`
   */
  static forRootAsync(options: TasksModuleAsyncOptions): DynamicModule {
    return tasksModule(options, optionsProviders(options), options.imports);
  }
}

function tasksModule(
  identity: TasksModuleIdentity,
  options: Provider[],
  imports: TasksModuleAsyncOptions['imports'] = [],
): DynamicModule {
  const name = identity.name ?? DEFAULT_STORE;
  const dispatcher = getTaskDispatcherToken(name);
  const crons = getCronSchedulesToken(name);
  const admin = adminParts({ config: TASKS_CONFIG, engine: TASK_ENGINE, dispatcher, crons, handlers: HandlerRegistry });
  return {
    module: TasksModule,
    global: identity.global ?? true,
    imports: [DiscoveryModule, ...imports],
    controllers: admin.controllers,
    providers: [
      { provide: TASKS_IDENTITY, useValue: { name } satisfies StoreIdentity },
      ...options,
      ...storeProviders(dispatcher, crons),
      ...admin.providers,
    ],
    exports: [dispatcher, crons],
  };
}

function optionsProviders({ name, configFile, ...from }: TasksModuleAsyncOptions): Provider[] {
  const { inject, useFactory, useClass, useExisting } = from;
  const given = Object.entries({ useFactory, useClass, useExisting }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    throw new TasksConfigError(
      `TasksModule.forRootAsync() takes one of "useFactory", "useClass" and "useExisting", and has ${listOf(given.map(([key]) => key))}.`,
    );
  }
  const complete = (made: TasksModuleOptions): TasksModuleRootOptions => {
    for (const key of ['name', 'global', 'configFile'] as const satisfies Array<keyof TasksModuleIdentity>) {
      if (typeof made !== 'object' || made === null || !(key in made)) continue;
      throw new TasksConfigError(
        `TasksModule.forRootAsync(): give "${key}" beside the factory, not in what it returns.`,
      );
    }
    return { ...made, ...(name !== undefined && { name }), ...(configFile !== undefined && { configFile }) };
  };
  if (useFactory) {
    const factory: FactoryProvider = {
      provide: TASKS_OPTIONS,
      useFactory: async (...dependencies: never[]) => complete(await useFactory(...dependencies)),
      inject: inject ?? [],
    };
    return [factory];
  }
  return [
    ...(useClass ? [{ provide: TASKS_OPTIONS_FACTORY, useClass }] : []),
    {
      provide: TASKS_OPTIONS,
      useFactory: async (factory: TasksOptionsFactory) => complete(await factory.createTasksOptions()),
      inject: [useClass ? TASKS_OPTIONS_FACTORY : useExisting!],
    },
  ];
}

type Token<T> = FactoryProvider<T>['provide'];

/** What one store is made of, in the order in which each needs those before it. */
function storeProviders(dispatcher: Token<TaskDispatcher>, crons: Token<CronSchedules>): Provider[] {
  const logger = new Logger('Tasks');
  return [
    { provide: Stores, useFactory: storesOf, inject: [ModulesContainer, TASKS_IDENTITY] },
    {
      provide: HandlerScanner,
      useFactory: (discovery: DiscoveryService, methods: MetadataScanner, modules: ModulesContainer) =>
        new HandlerScanner(discovery, methods, modules),
      inject: [DiscoveryService, MetadataScanner, ModulesContainer],
    },
    {
      provide: TASKS_CONFIG,
      useFactory: (
        options: TasksModuleRootOptions,
        scanner: HandlerScanner,
        discovery: DiscoveryService,
        methods: MetadataScanner,
        stores: Stores,
      ) => {
        const config = loadConfig(options);
        const cronScanner = new CronScanner(discovery, methods, config.cron, stores);
        return withHandlerQueues(config, [...handlerQueues(scanner, stores), ...cronQueues(cronScanner)]);
      },
      inject: [TASKS_OPTIONS, HandlerScanner, DiscoveryService, MetadataScanner, Stores],
    },
    { provide: HandlerRegistry, useFactory: () => new HandlerRegistry() },
    { provide: CronRegistry, useFactory: () => new CronRegistry() },
    {
      provide: HandlerExplorer,
      useFactory: (scanner: HandlerScanner, handlers: HandlerRegistry, config: ResolvedConfig, stores: Stores) =>
        new HandlerExplorer(scanner, handlers, config, stores),
      inject: [HandlerScanner, HandlerRegistry, TASKS_CONFIG, Stores],
    },
    {
      provide: CronExplorer,
      useFactory: (
        discovery: DiscoveryService,
        methods: MetadataScanner,
        handlers: HandlerRegistry,
        registry: CronRegistry,
        config: ResolvedConfig,
        stores: Stores,
      ) => new CronExplorer(discovery, methods, handlers, registry, config, stores),
      inject: [DiscoveryService, MetadataScanner, HandlerRegistry, CronRegistry, TASKS_CONFIG, Stores],
    },
    {
      provide: ParamsCodec,
      useFactory: ({ maxParamsSize }: ResolvedConfig) => new ParamsCodec(maxParamsSize),
      inject: [TASKS_CONFIG],
    },
    {
      // Asynchronous, so that whoever is given the dispatcher is given an open store.
      provide: TASK_ENGINE,
      useFactory: (config: ResolvedConfig, moduleRef: ModuleRef) => openEngine(config, moduleRef, logger),
      inject: [TASKS_CONFIG, ModuleRef],
    },
    {
      provide: dispatcher,
      useFactory: (engine: TaskEngine, config: ResolvedConfig, handlers: HandlerRegistry, codec: ParamsCodec) =>
        new TaskDispatcher(engine, config, handlers, codec),
      // The explorer is what the registry asks before the boot is over.
      inject: [TASK_ENGINE, TASKS_CONFIG, HandlerRegistry, ParamsCodec, HandlerExplorer],
    },
    {
      provide: crons,
      useFactory: (
        engine: TaskEngine,
        handlers: HandlerRegistry,
        registry: CronRegistry,
        codec: ParamsCodec,
        config: ResolvedConfig,
      ) => new CronSchedules({ engine, handlers, crons: registry, codec, config, logger }),
      inject: [TASK_ENGINE, HandlerRegistry, CronRegistry, ParamsCodec, TASKS_CONFIG],
    },
    {
      provide: TaskRunner,
      useFactory: (
        registry: HandlerRegistry,
        codec: ParamsCodec,
        config: ResolvedConfig,
        taskDispatcher: TaskDispatcher,
      ) => new TaskRunner({ registry, codec, config, dispatcher: taskDispatcher, logger }),
      inject: [HandlerRegistry, ParamsCodec, TASKS_CONFIG, dispatcher],
    },
    {
      provide: TasksLifecycle,
      useFactory: (
        identity: StoreIdentity,
        modules: ModulesContainer,
        config: ResolvedConfig,
        engine: TaskEngine,
        runner: TaskRunner,
        handlers: HandlerRegistry,
        handlerExplorer: HandlerExplorer,
        registry: CronRegistry,
        cronExplorer: CronExplorer,
        schedules: CronSchedules,
        codec: ParamsCodec,
      ) =>
        new TasksLifecycle({
          identity,
          modules,
          config,
          engine,
          runner,
          handlers,
          handlerExplorer,
          crons: registry,
          cronExplorer,
          schedules,
          codec,
          logger,
        }),
      inject: [
        TASKS_IDENTITY,
        ModulesContainer,
        TASKS_CONFIG,
        TASK_ENGINE,
        TaskRunner,
        HandlerRegistry,
        HandlerExplorer,
        CronRegistry,
        CronExplorer,
        crons,
        ParamsCodec,
      ],
    },
  ];
}
