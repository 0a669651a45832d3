import { type InjectionToken, Logger, type Provider } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { AlertWatch } from '../alerts/index.js';
import { AttemptPipeline } from '../attempts/index.js';
import { Awaiting } from '../awaiting/index.js';
import { loadConfig, type ResolvedConfig, type TasksModuleRootOptions, withHandlerQueues } from '../config/index.js';
import { loggerInCleanContext } from '../context/index.js';
import { CronRegistry, CronSchedules } from '../cron/index.js';
import { HandlerRegistry } from '../handlers/index.js';
import { WorkPhase } from '../health/index.js';
import { Operations } from '../operations/index.js';
import { ParamsCodec } from '../params/index.js';
import { TaskDispatcher } from '../queueing/index.js';
import { CronExplorer } from './discovery/cron.explorer.js';
import { cronQueues, CronScanner } from './discovery/cron.scanner.js';
import { HandlerExplorer, handlerQueues } from './discovery/handler.explorer.js';
import { ListenerScanner } from './discovery/listener.scanner.js';
import { HiddenClasses } from './discovery/hidden-classes.js';
import { HandlerScanner } from './discovery/handler.scanner.js';
import { Stores } from './discovery/stores.js';
import { TaskEnhancers } from './enhancers/index.js';
import { plainLines } from './logging/index.js';
import { Workers } from '../working/index.js';
import { madeOf } from './made-of.js';
import { AS_CONFIGURED, type StoreSetup, type StoreSetups } from './store-setup.js';
import {
  STORE_SETUP,
  STORE_SETUPS,
  TASK_ENGINE,
  TASKS_CONFIG,
  TASKS_IDENTITY,
  TASKS_LOGGER,
  TASKS_OPTIONS,
} from './tasks.constants.js';
import { openEngine } from './tasks.engine.js';
import { AppServer } from './tasks.http-server.js';
import { type StoreIdentity, storesOf } from './tasks.identity.js';
import { TaskListeners } from './task-listeners.js';
import { TasksLifecycle } from './tasks.lifecycle.js';

/** Providers of one store, in the order in which each needs those before it. */
export function storeProviders(
  dispatcher: InjectionToken<TaskDispatcher>,
  schedules: InjectionToken<CronSchedules>,
): Provider[] {
  const scan = { discovery: DiscoveryService };
  const store = {
    engine: TASK_ENGINE,
    config: TASKS_CONFIG,
    registry: HandlerRegistry,
    codec: ParamsCodec,
  };
  return [
    { provide: TASKS_LOGGER, useFactory: () => plainLines(loggerInCleanContext(new Logger('Tasks'))) },
    { provide: Stores, useFactory: storesOf, inject: [ModulesContainer, TASKS_IDENTITY] },
    {
      provide: STORE_SETUP,
      useFactory: ({ name }: StoreIdentity, setups?: StoreSetups) => setups?.setupOf(name) ?? AS_CONFIGURED,
      inject: [TASKS_IDENTITY, { token: STORE_SETUPS, optional: true }],
    },
    madeOf(HandlerScanner, HandlerScanner, { ...scan, modules: ModulesContainer }),
    madeOf(CronScanner, CronScanner, { ...scan, stores: Stores }),
    madeOf(HiddenClasses, HiddenClasses, { ...scan, stores: Stores }),
    madeOf(ListenerScanner, ListenerScanner, { ...scan, stores: Stores }),
    {
      provide: TASKS_CONFIG,
      useFactory: (
        options: TasksModuleRootOptions,
        handlers: HandlerScanner,
        crons: CronScanner,
        stores: Stores,
        setup: StoreSetup,
      ) => {
        const config = loadConfig(options);
        const named = [...handlerQueues(handlers, stores), ...cronQueues(crons, config.cron)];
        return setup.config(withHandlerQueues(config, named));
      },
      inject: [TASKS_OPTIONS, HandlerScanner, CronScanner, Stores, STORE_SETUP],
    },
    {
      provide: HandlerRegistry,
      useFactory: (config: ResolvedConfig, setup: StoreSetup) =>
        new HandlerRegistry({ config, prepare: (handler) => setup.handler(handler) }),
      inject: [TASKS_CONFIG, STORE_SETUP],
    },
    CronRegistry,
    madeOf(TaskEnhancers, TaskEnhancers, {
      config: TASKS_CONFIG,
      modules: ModulesContainer,
      globals: ApplicationConfig,
    }),
    madeOf(HandlerExplorer, HandlerExplorer, {
      scanner: HandlerScanner,
      registry: HandlerRegistry,
      config: TASKS_CONFIG,
      stores: Stores,
      enhancers: TaskEnhancers,
    }),
    madeOf(CronExplorer, CronExplorer, {
      discovery: DiscoveryService,
      scanner: CronScanner,
      handlers: HandlerRegistry,
      crons: CronRegistry,
      config: TASKS_CONFIG,
      enhancers: TaskEnhancers,
    }),
    {
      provide: ParamsCodec,
      useFactory: ({ maxParamsSize }: ResolvedConfig) => new ParamsCodec(maxParamsSize),
      inject: [TASKS_CONFIG],
    },
    // Asynchronous, so that whoever is given the dispatcher is given an open store.
    { provide: TASK_ENGINE, useFactory: openEngine, inject: [TASKS_CONFIG, ModuleRef, TASKS_LOGGER, STORE_SETUP] },
    madeOf(Operations, Operations, { ...store, logger: TASKS_LOGGER }),
    madeOf(Awaiting, Awaiting, store),
    madeOf(Workers, Workers, { ...store, logger: TASKS_LOGGER }),
    // The explorer is what the registry asks before the boot is over.
    madeOf(dispatcher, TaskDispatcher, { ...store, operations: Operations, awaiting: Awaiting, workers: Workers }, [
      HandlerExplorer,
    ]),
    madeOf(schedules, CronSchedules, { ...store, crons: CronRegistry, logger: TASKS_LOGGER }),
    madeOf(AttemptPipeline, AttemptPipeline, {
      registry: HandlerRegistry,
      codec: ParamsCodec,
      config: TASKS_CONFIG,
      engine: TASK_ENGINE,
      dispatcher,
      logger: TASKS_LOGGER,
    }),
    madeOf(TaskListeners, TaskListeners, {
      scanner: ListenerScanner,
      engine: TASK_ENGINE,
      config: TASKS_CONFIG,
      registry: HandlerRegistry,
      logger: TASKS_LOGGER,
    }),
    WorkPhase,
    madeOf(AppServer, AppServer, { host: HttpAdapterHost, modules: ModulesContainer }),
    madeOf(TasksLifecycle, TasksLifecycle, {
      identity: TASKS_IDENTITY,
      modules: ModulesContainer,
      config: TASKS_CONFIG,
      engine: TASK_ENGINE,
      attempts: AttemptPipeline,
      handlers: HandlerRegistry,
      handlerExplorer: HandlerExplorer,
      crons: CronRegistry,
      cronExplorer: CronExplorer,
      hidden: HiddenClasses,
      schedules,
      awaiting: Awaiting,
      workers: Workers,
      listeners: TaskListeners,
      alerts: AlertWatch,
      codec: ParamsCodec,
      phase: WorkPhase,
      server: AppServer,
      logger: TASKS_LOGGER,
    }),
  ];
}
