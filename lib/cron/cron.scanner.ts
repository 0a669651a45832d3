import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { CronMode } from '../config/options.js';
import type { ProviderWrapper, Stores } from '../discovery/index.js';
import { CronMetadataAccessor, type CronDeclaration } from './cron-metadata.accessor.js';

/** A method with an `@Cron`, and the provider that it belongs to. */
export interface FoundCron {
  readonly declaration: CronDeclaration;
  readonly prototype: object;
  readonly method: string;
  /** `Housekeeping.cleanup` */
  readonly location: string;
  readonly wrapper: ProviderWrapper;
}

/**
 * Finds the methods with an `@Cron` that become tasks of a store among the app's providers and controllers, by their
 * classes, which are known before any of them is instantiated; a factory's value only afterwards.
 */
export class CronScanner {
  private readonly accessor = new CronMetadataAccessor();

  /** @param mode which decorators count */
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly methods: MetadataScanner,
    private readonly mode: CronMode,
    private readonly stores: Stores,
  ) {}

  /** How many providers and controllers there are: as long as it is the same, a scan finds nothing new. */
  size(): number {
    return this.wrappers().length;
  }

  /** @throws TasksConfigError for a method with both decorators, or of a store that there is not */
  scan(): FoundCron[] {
    if (this.mode === false) return [];
    // An alias stands for another provider, which is found by itself.
    return this.wrappers().flatMap((wrapper) => (wrapper.isAlias ? [] : this.scanProvider(wrapper)));
  }

  private wrappers(): ProviderWrapper[] {
    return [...this.discovery.getProviders(), ...this.discovery.getControllers()];
  }

  private scanProvider(wrapper: ProviderWrapper): FoundCron[] {
    const prototype = prototypeOf(wrapper);
    if (!prototype) return [];
    return this.methods.getAllMethodNames(prototype).flatMap((method) => {
      const location = `${prototype.constructor.name}.${method}`;
      const declaration = this.accessor.read((prototype as Record<string, unknown>)[method], location);
      if (!declaration || !this.isMine(declaration, location)) return [];
      return [{ declaration, prototype, method, location, wrapper }];
    });
  }

  private isMine({ origin, options }: CronDeclaration, location: string): boolean {
    if (origin === 'nest' && this.mode !== 'all') return false;
    return this.stores.isMine(options.store, location);
  }
}

/** Queues that this store's cron methods name, as far as their classes tell. */
export function cronQueues(scanner: CronScanner): string[] {
  return scanner.scan().flatMap(({ declaration: { options } }) => options.queue ?? []);
}

/** Where a provider's methods stand; null for plain objects, functions, and values that are not there yet. */
function prototypeOf(wrapper: ProviderWrapper): object | null {
  if (!wrapper.isNotMetatype) {
    const metatype = wrapper.metatype as { prototype?: object } | null;
    return metatype?.prototype ?? null;
  }
  const value: unknown = wrapper.instance;
  if (typeof value !== 'object' || value === null) return null;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === Object.prototype || typeof prototype?.constructor !== 'function' ? null : prototype;
}
