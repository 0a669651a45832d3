import type { Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import type { ResolvedConfig } from '../../config/index.js';
import type { HandlerRegistry } from '../../handlers/index.js';
import { listOf } from '../../contract/index.js';
import { checkOnFailed } from './on-failed.js';
import { keptResult } from './kept-result.js';
import { hasLastingName } from './lasting-name.js';
import type { TaskEnhancers } from '../enhancers/index.js';
import { ProviderExplorer } from './provider-explorer.js';
import type { CronRegistry } from '../../cron/index.js';
import { checkOverrides, overriddenCron } from './cron-overrides.js';
import { CronScanner, type FoundCron } from './cron.scanner.js';
import { scheduleFromDeclaration } from './schedule-from-declaration.js';
import { idleTimers, refuseSecondRunner } from './schedule-module.js';

export interface CronExplorerParts {
  readonly discovery: DiscoveryService;
  readonly scanner: CronScanner;
  readonly handlers: HandlerRegistry;
  readonly crons: CronRegistry;
  readonly config: ResolvedConfig;
  readonly enhancers: TaskEnhancers;
}

/** Nest calls its cron methods without arguments, so they may have optional ones of another meaning. */
const ARGUMENTS = {
  own: (_params: unknown, task: unknown): readonly unknown[] => [task],
  nest: (): readonly unknown[] => [],
} as const;

/**
 * Makes each method with an `@Cron` that the scanner finds a handler and a schedule of this store.
 *
 * A class that several modules provide has its methods registered once: they run on the first one's instance. Providers
 * that are request-scoped are made for each run, as handlers are; the runner of `@nestjs/schedule` leaves those out.
 */
export class CronExplorer extends ProviderExplorer {
  private readonly registered = new Map<object, Set<string>>();
  /** Locations of methods whose schedules are called after a class that may have another name in the next build. */
  private readonly unsteady: string[] = [];

  constructor(private readonly parts: CronExplorerParts) {
    super();
    parts.crons.beforeReading(() => this.refresh());
    parts.handlers.whenMissing(() => this.refresh());
  }

  protected override size(): number {
    return this.parts.scanner.size();
  }

  /** @throws TasksConfigError for an `@Cron` that is wrong, two of one name, or methods that ScheduleModule runs as well */
  protected override explore(): void {
    const found = this.parts.scanner.scan(this.parts.config.cron);
    const nests = found.filter(({ declaration }) => declaration.origin === 'nest');
    refuseSecondRunner(
      this.parts.discovery,
      nests.map(({ location }) => location),
    );
    for (const cron of found) this.register(cron);
    this.warnOfUnsteadyNames();
  }

  override exploreAtBoot(): void {
    super.exploreAtBoot();
    const declared = this.parts.crons.all().map(({ schedule }) => schedule.name);
    checkOverrides(this.parts.config.crons, declared);
    for (const { location, original } of this.parts.scanner.overridden(this.parts.config.cron)) {
      this.logger.warn(
        `${location} overrides ${original}, which has @Cron, and has no decorator itself, so it does not run by itself. ` +
          `Repeat the decorator on ${location}, or add "disabled: true" to it to say so.`,
      );
    }
    const idle = idleTimers(this.parts.discovery, this.parts.scanner.timers());
    if (idle !== null) this.logger.warn(idle);
  }

  private register({ declaration, prototype, method, location, wrapper }: FoundCron): void {
    const methods = this.registered.get(prototype) ?? new Set();
    if (methods.has(method)) return;
    const { config } = this.parts;
    const meant = overriddenCron(declaration, location, config.crons, config.clock.now());
    const { schedule, settings, unique } = scheduleFromDeclaration(meant, location, config, this.parts.handlers);
    this.parts.handlers.add({
      name: schedule.task,
      kind: 'cron',
      location,
      module: wrapper.host?.name,
      queue: schedule.queue,
      params: null,
      settings,
      unique,
      onFailed: checkOnFailed(declaration.options.onFailed, `@Cron on ${location}`),
      result: keptResult(declaration.options.result, `@Cron on ${location}`),
      call: this.parts.enhancers.callOf({
        wrapper,
        owner: prototype.constructor as Type<object>,
        method,
        location,
        argumentsOf: ARGUMENTS[declaration.origin],
      }),
    });
    this.parts.crons.add({ schedule, location });
    const className = location.slice(0, -(method.length + 1));
    if (declaration.options.name === undefined && !hasLastingName(className)) this.unsteady.push(location);
    this.registered.set(prototype, methods.add(method));
  }

  private warnOfUnsteadyNames(): void {
    const locations = this.unsteady.splice(0);
    if (locations.length === 0) return;
    this.logger.warn(
      `@Cron without a name stands on ${listOf(locations)}: such schedules are called after the class, and a minifier has ` +
        'given these classes names that may be others in the next build. Old schedules are then left behind, or run ' +
        "another class's method. Give each a name of its own, such as { name: 'nightly_cleanup' }.",
    );
  }
}
