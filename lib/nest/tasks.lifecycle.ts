import type { OnApplicationBootstrap, OnApplicationShutdown, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { Awaiting } from '../awaiting/index.js';
import { type ResolvedConfig, unfitRetention, weakerOptions } from '../config/index.js';
import type { CronExplorer } from './discovery/cron.explorer.js';
import type { CronRegistry, CronSchedules } from '../cron/index.js';
import type { HandlerExplorer } from './discovery/handler.explorer.js';
import type { HandlerRegistry } from '../handlers/index.js';
import type { Consumer, EngineLogger, TaskEngine } from '../engine/port/index.js';
import { listOf, plural, TasksConfigError } from '../contract/index.js';
import type { ParamsCodec } from '../params/index.js';
import type { AttemptPipeline } from '../attempts/index.js';
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
  readonly schedules: CronSchedules;
  readonly awaiting: Awaiting;
  readonly codec: ParamsCodec;
  readonly server: AppServer;
  readonly logger: EngineLogger;
}

/**
 * Starts and stops a store's work with the app:
 *
 *     created      the engine is open: providers may enqueue from the moment they have the dispatcher
 *       │ onModuleInit             handlers and cron methods are found and checked
 *       │ onApplicationBootstrap   sensitive params are noted, schedules saved, consumers started
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
  private readonly consumers: Consumer[] = [];
  private stopped: Promise<void> | null = null;
  private closed: Promise<void> | null = null;

  constructor(private readonly deps: TasksLifecycleDependencies) {
    for (const module of deps.modules.values()) {
      if (storeIdentityOf(module) === deps.identity) module.distance = NEAREST;
    }
  }

  async onModuleInit(): Promise<void> {
    await this.orClose(() => {
      this.deps.handlerExplorer.exploreAtBoot();
      this.deps.cronExplorer.exploreAtBoot();
      this.checkRetention();
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.orClose(async () => {
      if (this.stopped) return;
      await this.noteSensitiveParams();
      await this.deps.schedules.saveAll();
      await this.startConsumers();
      this.report();
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.deps.server.stopListening();
    await this.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** A handler that names no queue may get tasks of each. */
  private checkRetention(): void {
    const { config, engine, handlers } = this.deps;
    const problems = handlers.all().flatMap(({ location, queue, settings }) => {
      const queues = queue === null ? [...config.queues.keys()] : [queue];
      const found = queues.map((name) => unfitRetention(config, name, settings, engine)).find((text) => text !== null);
      return found ? [`${location}: ${found}`] : [];
    });
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

  /** A process without handlers would take tasks only to hand them back. */
  private async startConsumers(): Promise<void> {
    const { config, engine, attempts, handlers } = this.deps;
    if (handlers.names().length === 0) {
      handlers.whenFirst(() => void this.attempt('start the workers', () => this.startConsumers()));
      return;
    }
    for (const { name, concurrency, settings, rateLimit } of config.queues.values()) {
      if (concurrency === 0 || this.stopped) continue;
      const options = { concurrency, priority: settings.priority, rateLimit };
      this.consumers.push(await engine.delivering.consume(name, options, attempts.run));
    }
  }

  private stop(): Promise<void> {
    this.stopped ??= this.attempt('stop the workers', async () => {
      const { config, awaiting } = this.deps;
      const closing = this.consumers.map((consumer) => consumer.close(config.shutdownGrace));
      await Promise.all([...closing, awaiting.close(config.shutdownGrace)]);
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
