import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { ResolvedConfig } from '../config/resolved-config.js';
import { type HandlerRegistry, instanceFor, ProviderExplorer, type Stores } from '../discovery/index.js';
import type { TaskContext } from '../runner/index.js';
import type { CronRegistry } from './cron-registry.js';
import { CronScanner, type FoundCron } from './cron.scanner.js';
import { scheduleFromDeclaration } from './schedule-from-declaration.js';
import { refuseSecondRunner } from './schedule-module.js';

/**
 * Makes each method with an `@Cron` that the scanner finds a handler and a schedule of this store.
 *
 * A class that several modules provide has its methods registered once: they run on the first one's instance. Providers
 * that are request-scoped are made for each run, as handlers are; the runner of `@nestjs/schedule` leaves those out.
 */
export class CronExplorer extends ProviderExplorer {
  private readonly scanner: CronScanner;
  private readonly registered = new Map<object, Set<string>>();

  constructor(
    private readonly discovery: DiscoveryService,
    methods: MetadataScanner,
    private readonly handlers: HandlerRegistry,
    private readonly crons: CronRegistry,
    private readonly config: ResolvedConfig,
    stores: Stores,
  ) {
    super();
    this.scanner = new CronScanner(discovery, methods, config.cron, stores);
    crons.beforeReading(() => this.refresh());
    handlers.whenMissing(() => this.refresh());
  }

  protected override size(): number {
    return this.scanner.size();
  }

  /** @throws TasksConfigError for an `@Cron` that is wrong, two of one name, or methods that ScheduleModule runs as well */
  protected override explore(): void {
    const found = this.scanner.scan();
    const nests = found.filter(({ declaration }) => declaration.origin === 'nest');
    refuseSecondRunner(
      this.discovery,
      nests.map(({ location }) => location),
    );
    for (const cron of found) this.register(cron);
  }

  private register({ declaration, prototype, method, location, wrapper }: FoundCron): void {
    const methods = this.registered.get(prototype) ?? new Set();
    if (methods.has(method)) return;
    const { schedule, settings } = scheduleFromDeclaration(declaration, location, this.config);
    this.handlers.add({
      name: schedule.task,
      kind: 'cron',
      location,
      module: wrapper.host?.name,
      queue: schedule.queue,
      params: null,
      settings,
      call: async (_params: object, task: TaskContext) => {
        const instance = (await instanceFor(wrapper, task)) as Record<string, (task?: TaskContext) => unknown>;
        // Nest calls its cron methods without arguments, so they may have optional ones of another meaning.
        return declaration.origin === 'own' ? instance[method]!(task) : instance[method]!();
      },
    });
    this.crons.add({ schedule, location });
    this.registered.set(prototype, methods.add(method));
  }
}
