import { Logger } from '@nestjs/common';
import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { ResolvedConfig } from '../config/resolved-config.js';
import { type HandlerRegistry, instanceFor, type ProviderWrapper, type Stores } from '../discovery/index.js';
import type { TaskContext } from '../runner/index.js';
import { CronMetadataAccessor, type CronDeclaration } from './cron-metadata.accessor.js';
import type { CronRegistry } from './cron-registry.js';
import { scheduleFromDeclaration } from './schedule-from-declaration.js';
import { refuseSecondRunner } from './schedule-module.js';

/** A method with an `@Cron`, and the provider that it belongs to. */
interface CronMethod {
  readonly wrapper: ProviderWrapper;
  readonly prototype: object;
  readonly method: string;
  /** `Housekeeping.cleanup` */
  readonly location: string;
  readonly declaration: CronDeclaration;
}

/**
 * Finds the methods with an `@Cron` among the app's providers and controllers, and makes each a handler and a schedule
 * of this store. Which decorators count is said by the option `cron`.
 *
 * A class that several modules provide has its methods found once: they run on the first one's instance. Providers that
 * are request-scoped are made for each run, as handlers are; the runner of `@nestjs/schedule` leaves those out.
 */
export class CronExplorer {
  private readonly accessor = new CronMetadataAccessor();
  private readonly logger = new Logger('Tasks');
  private readonly found = new Map<object, Set<string>>();
  private providersSeen = -1;
  private booted = false;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly handlers: HandlerRegistry,
    private readonly crons: CronRegistry,
    private readonly config: ResolvedConfig,
    private readonly stores: Stores,
  ) {
    crons.beforeReading(() => this.refresh());
    handlers.whenMissing(() => this.refresh());
  }

  /**
   * Finds all that is there, once every provider is instantiated.
   *
   * @throws TasksConfigError for an `@Cron` that is wrong, two of one name, or methods that ScheduleModule runs as well
   */
  exploreAtBoot(): void {
    this.explore();
    this.booted = true;
  }

  /** Looks again where modules were loaded since the boot. */
  private refresh(): void {
    if (!this.booted || this.countProviders() === this.providersSeen) return;
    try {
      this.explore();
    } catch (error) {
      // The app runs: what is wrong in a module loaded late must not stop the rest.
      this.logger.error(error instanceof Error ? error.message : String(error));
    }
  }

  private explore(): void {
    this.providersSeen = this.countProviders();
    if (this.config.cron === false) return;
    const methods = this.newMethods();
    refuseSecondRunner(
      this.discovery,
      methods.filter(({ declaration }) => declaration.origin === 'nest').map(({ location }) => location),
    );
    for (const method of methods) this.register(method);
  }

  private newMethods(): CronMethod[] {
    const methods: CronMethod[] = [];
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const prototype = wrapper.isAlias ? null : prototypeOf(wrapper);
      if (!prototype) continue;
      for (const method of this.scanner.getAllMethodNames(prototype)) {
        const location = `${prototype.constructor.name}.${method}`;
        const declaration = this.accessor.read((prototype as Record<string, unknown>)[method], location);
        if (!declaration || !this.isMine(declaration, location) || !this.isNew(prototype, method)) continue;
        methods.push({ wrapper, prototype, method, location, declaration });
      }
    }
    return methods;
  }

  private isMine({ origin, options }: CronDeclaration, location: string): boolean {
    if (origin === 'nest' && this.config.cron !== 'all') return false;
    return this.stores.isMine(options.store, location);
  }

  private isNew(prototype: object, method: string): boolean {
    const methods = this.found.get(prototype) ?? new Set();
    if (methods.has(method)) return false;
    this.found.set(prototype, methods.add(method));
    return true;
  }

  private register({ wrapper, method, location, declaration }: CronMethod): void {
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
  }

  private countProviders(): number {
    return this.discovery.getProviders().length + this.discovery.getControllers().length;
  }
}

/** Where a provider's methods stand; null for plain objects, functions, and values that are not there yet. */
function prototypeOf(wrapper: ProviderWrapper): object | null {
  if (!wrapper.isNotMetatype) {
    const metatype = wrapper.metatype as { prototype?: object } | null;
    return metatype?.prototype ?? null;
  }
  const value: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : null;
  if (typeof value !== 'object' || value === null) return null;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === Object.prototype || typeof prototype?.constructor !== 'function' ? null : prototype;
}
