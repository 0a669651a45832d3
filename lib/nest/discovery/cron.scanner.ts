import type { Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import type { CronMode } from '../../config/index.js';
import type { ProviderWrapper } from './provider-instance.js';
import type { Stores } from './stores.js';
import { CronMetadataAccessor, type CronDeclaration, timerOf } from './cron-metadata.accessor.js';
import { type ClassMethod, methodNamesOf, methodsCalled, undecoratedOverrides } from './class-methods.js';
import { queueNamed } from './queue-named.js';
import { nameOf, providedClass } from './provider-class.js';

/** A method with an `@Cron`, and the provider that it belongs to. */
export interface FoundCron {
  readonly declaration: CronDeclaration;
  readonly prototype: object;
  readonly method: string;
  /** `Housekeeping.cleanup` */
  readonly location: string;
  readonly wrapper: ProviderWrapper;
}

/** A method that overrides one with an `@Cron`, and has none itself. */
export interface OverriddenCron {
  /** `Reports.cleanup`, and that of the method that it overrides. */
  readonly location: string;
  readonly original: string;
}

/** A method with `@Interval` or `@Timeout` of `@nestjs/schedule`. */
export interface FoundTimer {
  readonly kind: 'Interval' | 'Timeout';
  readonly location: string;
}

export interface CronScannerParts {
  readonly discovery: DiscoveryService;
  readonly stores: Stores;
}

/**
 * Finds the methods with an `@Cron` that become tasks of a store among the app's providers and controllers, by their
 * classes, which are known before any of them is instantiated; a factory's value only afterwards.
 */
export class CronScanner {
  private readonly accessor = new CronMetadataAccessor();

  constructor(private readonly parts: CronScannerParts) {}

  /** How many providers and controllers there are: as long as it is the same, a scan finds nothing new. */
  size(): number {
    return this.wrappers().length;
  }

  /**
   * What is provided in the place of a class, such as a test's stub, has none of its cron methods.
   *
   * @param mode which decorators count
   * @throws TasksConfigError for a method with both decorators, or of a store that there is not
   */
  scan(mode: CronMode): FoundCron[] {
    if (mode === false) return [];
    return this.wrappers().flatMap((wrapper) => {
      const type = providedClass(wrapper);
      return type ? this.scanClass(type, wrapper, mode) : [];
    });
  }

  /** Methods that look like cron methods and are none, as the class whose method they override is not provided itself. */
  overridden(mode: CronMode): OverriddenCron[] {
    if (mode === false) return [];
    const wrappers = this.wrappers();
    const provided = new Set(wrappers.map(providedClass));
    return wrappers.flatMap((wrapper) => {
      const type = providedClass(wrapper);
      if (!type) return [];
      const read = (method: ClassMethod): CronDeclaration | null => this.accessor.read(method, nameOf(type));
      return undecoratedOverrides(type, read)
        .filter(({ decoration, original }) => !provided.has(original) && this.isMine(decoration, mode, original.name))
        .map(({ method, original }) => ({
          location: `${nameOf(type)}.${method}`,
          original: `${original.name}.${method}`,
        }));
    });
  }

  /** The timers of the app; one of several stores finds them. */
  timers(): FoundTimer[] {
    const { names, mine } = this.parts.stores;
    if (names[0] !== mine) return [];
    const types = new Set(this.wrappers().flatMap((wrapper) => providedClass(wrapper) ?? []));
    return [...types].flatMap((type) =>
      methodNamesOf(type).flatMap((method) => {
        const kind = timerOf(methodsCalled(type, method)[0]?.function);
        return kind ? [{ kind, location: `${nameOf(type)}.${method}` }] : [];
      }),
    );
  }

  private wrappers(): ProviderWrapper[] {
    const all = [...this.parts.discovery.getProviders(), ...this.parts.discovery.getControllers()];
    // An alias stands for another provider, which is found by itself.
    return all.filter(({ isAlias }) => !isAlias);
  }

  private scanClass(type: Type<object>, wrapper: ProviderWrapper, mode: CronMode): FoundCron[] {
    const prototype = type.prototype as object;
    return methodNamesOf(type).flatMap((method) => {
      const location = `${nameOf(type)}.${method}`;
      const [nearest] = methodsCalled(type, method);
      const declaration = nearest ? this.accessor.read(nearest, location) : null;
      if (!declaration || !this.isMine(declaration, mode, location)) return [];
      return [{ declaration, prototype, method, location, wrapper }];
    });
  }

  private isMine({ origin, options }: CronDeclaration, mode: CronMode, location: string): boolean {
    if (origin === 'nest' && mode !== 'all') return false;
    return this.parts.stores.isMine(options.store, location);
  }
}

/** Queues that this store's cron methods name, as far as their classes tell. @throws TasksConfigError for one that cannot be */
export function cronQueues(scanner: CronScanner, mode: CronMode): string[] {
  return scanner
    .scan(mode)
    .flatMap(({ declaration: { options }, location }) =>
      options.queue === undefined ? [] : [queueNamed(options.queue, `@Cron on ${location}`)],
    );
}
