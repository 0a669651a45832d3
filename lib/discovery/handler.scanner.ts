import type { Type } from '@nestjs/common';
import type { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { TaskHandlerMetadata } from '../decorators/task-handler.decorator.js';
import { TasksConfigError } from '../errors/index.js';
import { TASK_HANDLER_METADATA } from '../tasks.constants.js';
import type { ProviderWrapper } from './provider-instance.js';

/** A class or method that carries `@TaskHandler`, and the provider that it belongs to. */
export interface FoundHandler {
  readonly kind: 'class' | 'method';
  readonly metadata: TaskHandlerMetadata;
  readonly owner: Type<unknown>;
  readonly method: string;
  /** `SendEmailHandler.handle` */
  readonly location: string;
  readonly wrapper: ProviderWrapper;
}

/**
 * Finds `@TaskHandler` among the app's providers and controllers by their classes, which are known before any of them is
 * instantiated; a factory's value only afterwards.
 *
 * - An alias (`useExisting`) stands for another provider, which is found by itself.
 * - What is provided in the place of a handler class (`useValue`, `useFactory`, a test's `overrideProvider`) is that
 *   handler.
 * - A class that extends a handler class is none unless it is decorated itself; decorated methods are inherited.
 */
export class HandlerScanner {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly methods: MetadataScanner,
    private readonly modules: ModulesContainer,
  ) {}

  /**
   * How many providers and controllers there are: as long as it is the same, a scan finds nothing new. Asked with every
   * task whose name is not known, so it makes no lists.
   */
  size(): number {
    let size = 0;
    for (const { providers, controllers } of this.modules.values()) size += providers.size + controllers.size;
    return size;
  }

  /** @throws TasksConfigError for a handler class without `handle` */
  scan(): FoundHandler[] {
    return this.wrappers().flatMap((wrapper) => (wrapper.isAlias ? [] : this.scanProvider(wrapper)));
  }

  private wrappers(): ProviderWrapper[] {
    return [...this.discovery.getProviders(), ...this.discovery.getControllers()];
  }

  private scanProvider(wrapper: ProviderWrapper): FoundHandler[] {
    const owner = classOf(wrapper);
    if (!owner) return [];
    const prototype = owner.prototype as Record<string, object>;
    const found: FoundHandler[] = [];
    const add = (kind: 'class' | 'method', metadata: TaskHandlerMetadata, method: string): void => {
      found.push({ kind, metadata, owner, method, location: `${owner.name}.${method}`, wrapper });
    };
    const onClass = ownMetadata(owner);
    if (onClass) {
      if (typeof member(wrapper, prototype, 'handle') !== 'function') {
        throw new TasksConfigError(
          `@TaskHandler('${onClass.name}') stands on ${owner.name}, which has no method handle(params, task).`,
        );
      }
      add('class', onClass, 'handle');
    }
    for (const method of this.methods.getAllMethodNames(prototype)) {
      const onMethod = ownMetadata(prototype[method]!);
      if (onMethod) add('method', onMethod, method);
    }
    return found;
  }
}

/** The class whose decorators count: the provider's own, or that of its token where something else is in its place. */
function classOf(wrapper: ProviderWrapper): Type<unknown> | null {
  const provided = wrapper.isNotMetatype ? classOfValue(wrapper) : wrapper.metatype;
  const type = isClass(provided) ? provided : null;
  if (type && ownMetadata(type)) return type;
  const { token } = wrapper;
  return isClass(token) && ownMetadata(token) ? token : type;
}

function classOfValue(wrapper: ProviderWrapper): unknown {
  // Null for a request-scoped factory: its value is not known before there is a request.
  const value: unknown = wrapper.instance;
  if (typeof value !== 'object' || value === null) return null;
  const { constructor } = value;
  return constructor === Object ? null : constructor;
}

/** Of what was put in the place of a class, as of the class itself. */
function member(wrapper: ProviderWrapper, prototype: object, name: string): unknown {
  const value: unknown = wrapper.isNotMetatype ? wrapper.instance : null;
  return ((value ?? prototype) as Record<string, unknown>)[name];
}

function ownMetadata(target: object): TaskHandlerMetadata | undefined {
  return Reflect.getOwnMetadata(TASK_HANDLER_METADATA, target) as TaskHandlerMetadata | undefined;
}

export function isClass(value: unknown): value is Type<object> {
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null;
}
