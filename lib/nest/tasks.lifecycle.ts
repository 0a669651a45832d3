import type { OnApplicationBootstrap, OnApplicationShutdown, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { AlertWatch } from '../alerts/index.js';
import type { Awaiting } from '../awaiting/index.js';
import { noKeys, type ResolvedConfig, unfitRetention, weakerOptions } from '../config/index.js';
import { unfitClaim } from '../uniqueness/index.js';
import { checkFollowers } from './discovery/on-failed.js';
import type { CronExplorer } from './discovery/cron.explorer.js';
import type { CronRegistry, CronSchedules } from '../cron/index.js';
import type { HiddenClasses } from './discovery/hidden-classes.js';
import type { HandlerExplorer } from './discovery/handler.explorer.js';
import type { HandlerRegistry } from '../handlers/index.js';
import type { EngineLogger, TaskEngine } from '../engine/port/index.js';
import { listOf, plural, TasksConfigError } from '../contract/index.js';
import type { ParamsCodec } from '../params/index.js';
import type { AttemptPipeline } from '../attempts/index.js';
import type { Workers } from '../working/index.js';
import type { WorkPhase } from '../health/index.js';
import { warnOfNoShutdownHooks } from './shutdown-hooks.js';
import type { TaskListeners } from './task-listeners.js';
import type { AppServer } from './tasks.http-server.js';
import { storeIdentityOf, type StoreIdentity } from './tasks.identity.js';

/** Nest calls the hooks of modules from the greatest distance to the least, and on shutdown the other way round. */
const NEAREST = -1;

export interface TasksLifecycleDependencies {
  readonly identity: StoreIdentity;
  readonly modules: ModulesContainer;
  readonly config: ResolvedConfig;
  readonly engine: TaskEngine;
  readonly attempts: AttemptPipeline;
  readonly handlers: HandlerRegistry;
  readonly handlerExplorer: HandlerExplorer;
  readonly crons: CronRegistry;
  readonly cronExplorer: CronExplorer;
  readonly hidden: HiddenClasses;
  readonly schedules: CronSchedules;
  readonly awaiting: Awaiting;
  readonly workers: Workers;
  readonly listeners: TaskListeners;
  readonly alerts: AlertWatch;
  readonly codec: ParamsCodec;
  readonly phase: WorkPhase;
  readonly server: AppServer;
  readonly logger: EngineLogger;
}

/**
 * Starts and stops a store's work with the app:
 *
 *     created      the engine is open: providers may enqueue from the moment they have the dispatcher
 *       │ onModuleInit             handlers and cron methods are found and checked
 *       │ onApplicationBootstrap   sensitive params are noted, schedules saved, workers started unless they are told to later
 *     working
 *       │ onModuleDestroy          the app's port is freed for the next process; consumers are closed: handlers end, or
 *       │                          are aborted after the grace period
 *     stopped      providers may still enqueue, for another process or the next start
 *       │ onApplicationShutdown    the engine is closed
 *     closed
 *
 * Any step may be followed by a shutdown, and a shutdown by another one; each part is stopped once. What throws on the
 * way to `working` closes the engine before it stops the boot.
 *
 * Work starts after every other module's hooks and ends before them, so that handlers never meet a provider that is not
 * there yet, or not any more. A global module would have its hooks called first and last; the distance is what Nest goes by.
 */
export class TasksLifecycle implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  private explored: Promise<void> | null = null;
  private begun: Promise<void> | null = null;
  private stopped: Promise<void> | null = null;
  private closed: Promise<void> | null = null;

  constructor(private readonly deps: TasksLifecycleDependencies) {
    for (const module of deps.modules.values()) {
      if (storeIdentityOf(module) === deps.identity) module.distance = NEAREST;
    }
  }

  /** Brings the store to where the app would: for whoever uses it before the app does. */
  async boot(): Promise<void> {
    await this.onModuleInit();
    await this.onApplicationBootstrap();
  }

  onModuleInit(): Promise<void> {
    return (this.explored ??= this.explore());
  }

  onApplicationBootstrap(): Promise<void> {
    return (this.begun ??= this.begin());
  }

  private async explore(): Promise<void> {
    await this.orClose(() => {
      this.deps.handlerExplorer.exploreAtBoot();
      this.deps.cronExplorer.exploreAtBoot();
      this.checkHandlers();
      checkFollowers(this.deps.config, this.deps.handlers);
      this.deps.listeners.listen();
      for (const warning of this.deps.hidden.warnings()) this.deps.logger.warn(warning);
    });
  }

  private async begin(): Promise<void> {
    await this.orClose(async () => {
      if (this.stopped) return;
      await this.noteSensitiveParams();
      await this.deps.schedules.saveAll();
      this.deps.workers.runBy(this.deps.attempts.run);
      if (this.deps.config.autoStart) await this.deps.workers.start();
      this.deps.phase.begin();
      this.deps.alerts.start();
      this.report();
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.deps.phase.end();
    this.deps.server.stopListening();
    await this.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** What a handler asks of the engine. One that names no queue may get tasks of each. */
  private checkHandlers(): void {
    const { config, engine, handlers } = this.deps;
    const problems = handlers.all().flatMap(({ location, queue, settings, unique }) => {
      const queues = queue === null ? [...config.queues.keys()] : [queue];
      const found = queues.map((name) => unfitRetention(config, name, settings, engine)).find((text) => text !== null);
      const unfit = unique ? unfitClaim(unique.option, engine) : null;
      return [found, unfit].flatMap((problem) => (problem ? [`${location}: ${problem}`] : []));
    });
    for (const { location, key } of engine.capabilities.keys ? [] : handlers.all()) {
      if (key !== undefined) problems.push(`${location}: "key" cannot be had, as ${noKeys(engine.kind)}`);
    }
    if (problems.length > 0) throw new TasksConfigError(problems.join('\n'));
  }

  /** So that a panel in a process that has none of these classes masks what they call sensitive. */
  private async noteSensitiveParams(): Promise<void> {
    const { engine, handlers, codec } = this.deps;
    const paths = handlers.all().flatMap(({ name, aliases = [], params }) => {
      const sensitive = codec.sensitivePaths(params);
      return [name, ...aliases].map((known) => [known, sensitive] as const);
    });
    await engine.enqueueing.noteSensitive(new Map(paths));
  }

  private stop(): Promise<void> {
    this.stopped ??= this.attempt('stop the workers', async () => {
      const { config, awaiting, workers, listeners, alerts } = this.deps;
      await Promise.all([alerts.stop(), workers.close(), awaiting.close(config.shutdownGrace)]);
      await listeners.settle(config.shutdownGrace);
    });
    return this.stopped;
  }

  private close(): Promise<void> {
    this.closed ??= this.stop().then(() => this.attempt('close the store', () => this.deps.engine.close()));
    return this.closed;
  }

  private async orClose(step: () => void | Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** A shutdown goes on whatever happens: other modules have things to close as well. */
  private async attempt(what: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.deps.logger.error(`Could not ${what}: ${String(error)}`, error instanceof Error ? error.stack : undefined);
    }
  }

  private report(): void {
    const { config, handlers, crons, logger } = this.deps;
    const working = [...config.queues.values()].filter(({ concurrency }) => concurrency > 0);
    const queues = working.map(({ name, concurrency }) => `${name} (${concurrency})`).join(', ');
    const store = config.database ?? (config.dataSource ? 'the database of the app' : this.deps.engine.kind);
    const count = handlers.all().filter(({ kind }) => kind !== 'cron').length;
    logger.log(
      `${config.name === 'default' ? 'Store' : `Store "${config.name}"`}: ${store}. ` +
        `Workers: ${queues || 'none, this process only enqueues'}. ` +
        `${plural(count, 'handler')}, ${plural(crons.all().length, 'cron schedule')}.`,
    );
    for (const warning of weakerOptions(config, this.deps.engine)) logger.warn(warning);
    if (working.length > 0 && handlers.names().length === 0) this.warnOfNoHandlers();
    if (working.length > 0) this.warnOfIdleQueues();
    if (working.length > 0 && handlers.names().length > 0 && config.autoStart) {
      warnOfNoShutdownHooks(logger, () => this.deps.phase.current === 'working');
    }
  }

  private warnOfNoHandlers(): void {
    this.deps.logger.warn(
      'This process has workers and no handler, so it takes no tasks. List handlers in the providers of a module, or say ' +
        'that it only enqueues: "workers: false".',
    );
  }

  private warnOfIdleQueues(): void {
    const { config, handlers, logger } = this.deps;
    const idle = handlers.all().filter(({ queue }) => queue !== null && config.queues.get(queue)?.concurrency === 0);
    for (const queue of new Set(idle.map((handler) => handler.queue!))) {
      const locations = idle.filter((handler) => handler.queue === queue).map(({ location }) => location);
      logger.warn(
        `Queue "${queue}" has no worker in this process, though ${listOf(locations)} ${
          locations.length === 1 ? 'is' : 'are'
        } here for its tasks. Give it workers ("workers": { "${queue}": 1 }), unless another process works on it.`,
      );
    }
  }
}
