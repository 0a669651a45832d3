import type { Type } from '@nestjs/common';
import type { DiscoveryService, ModulesContainer } from '@nestjs/core';
import type { TaskHandlerMetadata } from '../decorators/task-handler.decorator.js';
import { TASK_HANDLER_METADATA, TasksConfigError } from '../../contract/index.js';
import { type ClassMethod, metadataOf, methodNamesOf, methodsCalled, undecoratedOverrides } from './class-methods.js';
import { isNothing, lineOf, memberOf, nameOf, providedClass, replacedClass } from './provider-class.js';
import type { ProviderWrapper } from './provider-instance.js';

/** A class or method that carries `@TaskHandler`, and the provider that it belongs to. */
export interface FoundHandler {
  readonly kind: 'class' | 'method';
  readonly metadata: TaskHandlerMetadata;
  readonly owner: Type<object>;
  readonly method: string;
  /** `SendEmailHandler.handle` */
  readonly location: string;
  readonly wrapper: ProviderWrapper;
}

export interface HandlerScannerParts {
  readonly discovery: DiscoveryService;
  readonly modules: ModulesContainer;
}

/** A method that overrides one with `@TaskHandler`, and has none itself. */
export interface OverriddenHandler {
  readonly metadata: TaskHandlerMetadata;
  /** `ReminderHandler.handle`, and that of the method that it overrides. */
  readonly location: string;
  readonly original: string;
}

/**
 * Finds `@TaskHandler` among the app's providers and controllers by their classes, which are known before any of them is
 * instantiated; a factory's value only afterwards.
 *
 * - An alias (`useExisting`) stands for another provider, which is found by itself.
 * - What is provided in the place of a class with handlers (`useValue`, `useFactory`, a test's `overrideProvider`) takes
 *   its tasks; where that is nothing, there is no handler.
 * - A class that extends a handler class is that handler, unless it is decorated itself or the class that it extends is
 *   provided too: a class decorator may have put a subclass in its place. Decorated methods are inherited.
 */
export class HandlerScanner {
  constructor(private readonly parts: HandlerScannerParts) {}

  /**
   * How many providers and controllers there are: as long as it is the same, a scan finds nothing new. Asked with every
   * task whose name is not known, so it makes no lists.
   */
  size(): number {
    let size = 0;
    for (const { providers, controllers } of this.parts.modules.values()) size += providers.size + controllers.size;
    return size;
  }

  /** @throws TasksConfigError for a handler class without `handle`, and for what lacks the method of the class it replaces */
  scan(): FoundHandler[] {
    const wrappers = this.wrappers();
    const provided = new Set(wrappers.map(providedClass));
    return wrappers.flatMap((wrapper) => {
      if (isNothing(wrapper)) return [];
      const own = providedClass(wrapper);
      const found = own ? this.scanClass(own, wrapper, provided) : [];
      const replaced = found.length === 0 ? replacedClass(wrapper) : null;
      return replaced ? this.scanClass(replaced, wrapper, provided) : found;
    });
  }

  /** Handlers in whose place a factory has given nothing. */
  absent(): FoundHandler[] {
    return this.wrappers().flatMap((wrapper) => {
      const replaced = isNothing(wrapper) ? replacedClass(wrapper) : null;
      return replaced ? this.scanClass(replaced, wrapper, new Set()) : [];
    });
  }

  /** Methods that look like handlers and are none. */
  overridden(): OverriddenHandler[] {
    return this.wrappers().flatMap((wrapper) => {
      const type = providedClass(wrapper);
      if (!type) return [];
      return undecoratedOverrides(type, ownMetadata).map(({ method, decoration, original }) => ({
        metadata: decoration,
        location: `${nameOf(type)}.${method}`,
        original: `${original.name}.${method}`,
      }));
    });
  }

  private wrappers(): ProviderWrapper[] {
    const all = [...this.parts.discovery.getProviders(), ...this.parts.discovery.getControllers()];
    return all.filter(({ isAlias }) => !isAlias);
  }

  private scanClass(owner: Type<object>, wrapper: ProviderWrapper, provided: ReadonlySet<unknown>): FoundHandler[] {
    const found: FoundHandler[] = [];
    const name = nameOf(owner);
    const add = (kind: 'class' | 'method', metadata: TaskHandlerMetadata, method: string): void => {
      if (typeof memberOf(wrapper, owner, method) !== 'function') throw missing(kind, metadata, name, method, wrapper);
      found.push({ kind, metadata, owner, method, location: `${name}.${method}`, wrapper });
    };
    for (const type of lineOf(owner)) {
      if (type !== owner && provided.has(type)) break;
      const onClass = Reflect.getOwnMetadata(TASK_HANDLER_METADATA, type) as TaskHandlerMetadata | undefined;
      if (!onClass) continue;
      add('class', onClass, 'handle');
      break;
    }
    for (const method of methodNamesOf(owner)) {
      const [nearest] = methodsCalled(owner, method);
      const onMethod = nearest && ownMetadata(nearest);
      if (!onMethod) continue;
      if (!nearest.function) throw madeAGetter(onMethod, `${name}.${method}`);
      add('method', onMethod, method);
    }
    return found;
  }
}

function missing(
  kind: 'class' | 'method',
  { name }: TaskHandlerMetadata,
  owner: string,
  method: string,
  wrapper: ProviderWrapper,
): TasksConfigError {
  const where = `@TaskHandler('${name}') stands on ${kind === 'class' ? owner : `${owner}.${method}`}`;
  if (!wrapper.isNotMetatype) {
    return new TasksConfigError(
      `${where}, which has no method handle(params, task). A property that holds a function is none: write it as a method.`,
    );
  }
  return new TasksConfigError(
    `${where}, and what is provided in the place of ${owner} has no method ${method}(params, task). Give it one.`,
  );
}

function madeAGetter({ name }: TaskHandlerMetadata, location: string): TasksConfigError {
  return new TasksConfigError(
    `@TaskHandler('${name}') stands on ${location}, which a decorator above it has made a getter. Take that decorator ` +
      'off: handlers are called on their instance.',
  );
}

function ownMetadata(method: ClassMethod): TaskHandlerMetadata | undefined {
  return metadataOf(TASK_HANDLER_METADATA, method);
}
