import { Logger, type Type } from '@nestjs/common';
import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { validateTaskSettings } from '../config/index.js';
import type { ResolvedConfig } from '../config/resolved-config.js';
import type { TaskHandlerMetadata } from '../decorators/task-handler.decorator.js';
import { TasksConfigError, UnknownQueueError } from '../errors/index.js';
import type { TaskContext } from '../runner/index.js';
import { TASK_HANDLER_METADATA } from '../tasks.constants.js';
import type { HandlerRegistry } from './handler.registry.js';
import { instanceFor, type ProviderWrapper } from './provider-instance.js';
import type { Stores } from './stores.js';

const LONGEST_NAME = 200;

/** Where a handler was found: the same class and method may be provided by several modules. */
interface Origin {
  readonly owner: object;
  readonly method: string;
  readonly module: string;
}

/**
 * Finds the classes and methods decorated with `@TaskHandler` among the app's providers and controllers and puts those of
 * this store into the registry.
 *
 * - An alias (`useExisting`) stands for another provider, which is found by itself.
 * - A class that several modules provide is one handler; the first module's instance runs it.
 * - A provider that is replaced under the token of a handler class (`useValue`, `useFactory`, `overrideProvider` in a
 *   test) is that handler, when it has its method.
 * - A class that extends a handler class is none, unless it is decorated; decorated methods are inherited.
 */
export class HandlerExplorer {
  private readonly logger = new Logger('Tasks');
  private readonly origins = new Map<string, Origin>();
  private readonly warned = new Set<string>();
  private providersSeen = 0;
  private booted = false;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly registry: HandlerRegistry,
    private readonly config: ResolvedConfig,
    private readonly stores: Stores,
  ) {
    registry.whenMissing(() => this.refresh());
  }

  /** Finds all that is there, once every provider is instantiated. @throws TasksConfigError for a handler that is wrong */
  exploreAtBoot(): void {
    this.explore();
    this.booted = true;
  }

  /** Looks again where modules were added since: lazily loaded ones, or all of them while the app still boots. */
  private refresh(): void {
    const providers = this.countProviders();
    if (this.booted && providers === this.providersSeen) return;
    this.providersSeen = providers;
    if (!this.booted) return this.explore();
    try {
      this.explore();
    } catch (error) {
      // The app runs: a wrong handler in a module loaded late must not stop the tasks of the others.
      this.logger.error(error instanceof Error ? error.message : String(error));
    }
  }

  private explore(): void {
    this.providersSeen = this.countProviders();
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      if (wrapper.isAlias) continue;
      this.exploreProvider(wrapper);
    }
  }

  private exploreProvider(wrapper: ProviderWrapper): void {
    const type = classOf(wrapper);
    const prototype = type?.prototype as object | undefined;
    if (!type || !prototype) return;

    const onClass = ownMetadata(type);
    if (onClass) {
      if (typeof memberOf(wrapper, prototype, 'handle') !== 'function') {
        throw new TasksConfigError(
          `@TaskHandler('${String(onClass.name)}') stands on ${type.name}, which has no method handle(params, task).`,
        );
      }
      this.register(onClass, 'class', type, 'handle', wrapper);
    }
    for (const method of this.scanner.getAllMethodNames(prototype)) {
      const onMethod = ownMetadata((prototype as Record<string, object>)[method]!);
      if (onMethod) this.register(onMethod, 'method', type, method, wrapper);
    }
  }

  private register(
    { name, options }: TaskHandlerMetadata,
    kind: 'class' | 'method',
    owner: Type<unknown>,
    method: string,
    wrapper: ProviderWrapper,
  ): void {
    const location = `${owner.name}.${method}`;
    checkName(name, location);
    if (!this.stores.isMine(options.store, location)) return;

    const module = wrapper.host?.name ?? 'unknown module';
    const origin = this.origins.get(name);
    if (origin?.owner === owner && origin.method === method) {
      this.warnOfSecondModule(location, origin.module, module);
      return;
    }
    const { params, queue, store: _store, ...settings } = options;
    if (params !== undefined && !isClass(params)) {
      throw new TasksConfigError(`"params" of @TaskHandler('${name}') on ${location} must be a class.`);
    }
    if (queue !== undefined && !this.config.queues.has(queue)) {
      const { message } = new UnknownQueueError(queue, [...this.config.queues.keys()]);
      throw new TasksConfigError(`@TaskHandler('${name}') on ${location}: ${message}`);
    }
    validateTaskSettings(settings, `@TaskHandler('${name}') on ${location}`);

    this.registry.add({
      name,
      kind,
      location,
      module,
      queue: queue ?? null,
      params: params ?? null,
      settings,
      call: async (given: object, task: TaskContext) => {
        const instance = (await instanceFor(wrapper, task)) as Record<string, (...args: unknown[]) => unknown>;
        return instance[method]!(given, task);
      },
    });
    this.origins.set(name, { owner, method, module });
  }

  private warnOfSecondModule(location: string, first: string, second: string): void {
    const key = `${location}:${second}`;
    if (first === second || this.warned.has(key)) return;
    this.warned.add(key);
    this.logger.warn(
      `${location} is provided by ${first} and by ${second}: its tasks run on the instance of ${first}. ` +
        `Provide it once, and export it where others need it.`,
    );
  }

  private countProviders(): number {
    return this.discovery.getProviders().length + this.discovery.getControllers().length;
  }
}

/** The class whose decorators count: the provider's own, or that of its token when something else stands in for it. */
function classOf(wrapper: ProviderWrapper): Type<unknown> | null {
  const type = wrapper.isNotMetatype ? classOfValue(wrapper) : (wrapper.metatype as Type<unknown>);
  if (type && ownMetadata(type)) return type;
  const token = wrapper.token;
  return isClass(token) && ownMetadata(token) ? token : type;
}

function classOfValue(wrapper: ProviderWrapper): Type<unknown> | null {
  // Null for a request-scoped factory: its value is not known before there is a request.
  const value: unknown = wrapper.instance;
  if (typeof value !== 'object' || value === null) return null;
  const prototype = Object.getPrototypeOf(value) as { constructor?: unknown } | null;
  return isClass(prototype?.constructor) && prototype?.constructor !== Object ? prototype.constructor : null;
}

function memberOf(wrapper: ProviderWrapper, prototype: object, member: string): unknown {
  const replaced = wrapper.isNotMetatype ? (wrapper.instance as unknown) : null;
  return ((replaced ?? prototype) as Record<string, unknown>)[member];
}

function ownMetadata(target: object): TaskHandlerMetadata | undefined {
  return Reflect.getOwnMetadata(TASK_HANDLER_METADATA, target) as TaskHandlerMetadata | undefined;
}

function isClass(value: unknown): value is Type<object> {
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null;
}

function checkName(name: unknown, location: string): void {
  if (typeof name === 'string' && name.trim() !== '' && name.length <= LONGEST_NAME) return;
  throw new TasksConfigError(
    `The name in @TaskHandler on ${location} is not valid: a task's name is a text of 1 to ${LONGEST_NAME} characters.`,
  );
}
