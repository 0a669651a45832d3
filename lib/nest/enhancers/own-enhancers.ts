import 'reflect-metadata';
import { TasksConfigError } from '../../contract/index.js';
import type { ProviderWrapper } from '../discovery/provider-instance.js';

/** Nest's metadata of each kind, by the decorator that leaves it. */
const KINDS = {
  UseGuards: '__guards__',
  UseInterceptors: '__interceptors__',
  UsePipes: '__pipes__',
  UseFilters: '__exceptionFilters__',
} as const;

/** Where enhancers stand. */
export interface EnhancedPlace {
  readonly wrapper: ProviderWrapper;
  /** The class, where its enhancers count; null where they do not. */
  readonly type: object | null;
  /** The method itself. */
  readonly method: object;
  /** `SendEmailHandler.handle`, for errors. */
  readonly location: string;
}

/** Whether a class or a method has enhancers of its own. */
export function hasEnhancers({ type, method }: Pick<EnhancedPlace, 'type' | 'method'>): boolean {
  return Object.values(KINDS).some((key) => listed(key, type).length + listed(key, method).length > 0);
}

/**
 * Refuses enhancers that Nest would leave out without a word: a guard that is not called is worse than none.
 *
 * @throws TasksConfigError for a class that Nest has made no enhancer of, and for one that is transient, which Nest makes
 *   for controllers alone
 */
export function checkEnhancers({ wrapper, type, method, location }: EnhancedPlace): void {
  for (const [decorator, key] of Object.entries(KINDS)) {
    for (const enhancer of [...listed(key, type), ...listed(key, method)]) {
      if (typeof enhancer !== 'function') continue;
      const made = wrapper.host?.injectables.get(enhancer);
      const where = `@${decorator}(${enhancer.name}) of ${location}`;
      if (!made) {
        throw new TasksConfigError(
          `${where}: ${
            wrapper.isNotMetatype
              ? `Nest makes no enhancers for what is provided by a value or a factory. List the handler's class itself in "providers"`
              : `Nest has not seen it, as a decorator above it has put another function in the method's place. Put @${decorator} above that one`
          }, or give an instance: @${decorator}(new ${enhancer.name}()).`,
        );
      }
      if (made.isTransient) {
        throw new TasksConfigError(
          `${where}: ${enhancer.name} is transient, and Nest makes transient enhancers for controllers alone. Give it ` +
            'the default scope, or Scope.REQUEST for one of its own for each attempt.',
        );
      }
    }
  }
}

function listed(key: string, target: object | null): readonly unknown[] {
  return target === null ? [] : ((Reflect.getMetadata(key, target) as readonly unknown[] | undefined) ?? []);
}
