import type { Type } from '@nestjs/common';
import {
  overlaySettings,
  type ResolvedConfig,
  resolveSettings,
  type TaskSettings,
  type TaskSettingsOptions,
} from '../config/index.js';
import { TasksConfigError } from '../contract/index.js';
import type { RegisteredHandler } from './registered-handler.js';

export interface HandlerRegistryParts {
  readonly config: Pick<ResolvedConfig, 'queues' | 'defaults'>;
  /** Makes of each handler what is registered. Default: it is, as it is. */
  readonly prepare?: (handler: RegisteredHandler) => RegisteredHandler;
}

/** The handlers of one store, by the names of their tasks, and the settings that hold for these. */
export class HandlerRegistry {
  private readonly config: HandlerRegistryParts['config'];
  private readonly handlers = new Map<string, RegisteredHandler>();
  /** By names that tasks had before. */
  private readonly aliases = new Map<string, RegisteredHandler>();
  /** Settings of tasks that bring none of their own, by queue. */
  private readonly known = new WeakMap<RegisteredHandler, Map<string, TaskSettings>>();
  private readonly discoverers: Array<() => void> = [];
  private readonly waitingForFirst: Array<() => void> = [];

  private readonly prepare: (handler: RegisteredHandler) => RegisteredHandler;

  constructor({ config, prepare = (handler) => handler }: HandlerRegistryParts) {
    this.config = config;
    this.prepare = prepare;
  }

  /** @param discover called when something is not found: modules may have been loaded since. It adds what it finds. */
  whenMissing(discover: () => void): void {
    this.discoverers.push(discover);
  }

  /** Calls `tell` once, when a handler is added. */
  whenFirst(tell: () => void): void {
    this.waitingForFirst.push(tell);
  }

  /** @throws TasksConfigError when the name has a handler already */
  add(found: RegisteredHandler): void {
    const handler = this.prepare(found);
    const { aliases = [] } = handler;
    for (const name of [handler.name, ...aliases]) {
      const present = this.handlers.get(name) ?? this.aliases.get(name);
      if (!present) continue;
      throw new TasksConfigError(
        `Two handlers are registered for task "${name}": ${describe(present)} and ${describe(handler)}. ` +
          `A name, and an alias, has one handler: ${remedy([present, handler])}`,
      );
    }
    this.handlers.set(handler.name, handler);
    for (const alias of aliases) this.aliases.set(alias, handler);
    for (const tell of this.waitingForFirst.splice(0)) tell();
  }

  /** @param name or an alias */
  get(name: string): RegisteredHandler | undefined {
    const find = (): RegisteredHandler | undefined => this.handlers.get(name) ?? this.aliases.get(name);
    const found = find();
    if (found) return found;
    this.discover();
    return find();
  }

  /**
   * Settings of a task: its own over its handler's over its queue's over the module's defaults.
   *
   * @param handler undefined in a process that does not handle the task
   * @param own null where the task brings none
   * @throws InvalidArgumentError for a duration that is none
   */
  settingsOf(queue: string, handler: RegisteredHandler | undefined, own: TaskSettingsOptions | null): TaskSettings {
    const base = handler ? this.settingsIn(queue, handler) : resolveSettings(this.config, queue);
    return own === null ? base : overlaySettings(base, own);
  }

  /** Every handler that takes params of this class. */
  allByParams(type: Type<object>): RegisteredHandler[] {
    const find = (): RegisteredHandler[] => this.all().filter((handler) => handler.params === type);
    const found = find();
    if (found.length > 0) return found;
    this.discover();
    return find();
  }

  all(): RegisteredHandler[] {
    return [...this.handlers.values()];
  }

  names(): string[] {
    return [...this.handlers.keys()];
  }

  /** Whether this process handles no task by name: cron methods alone do not make it one that knows every name. */
  get isEmpty(): boolean {
    const none = (): boolean => this.all().every((handler) => handler.kind === 'cron');
    if (!none()) return false;
    this.discover();
    return none();
  }

  private settingsIn(queue: string, handler: RegisteredHandler): TaskSettings {
    let byQueue = this.known.get(handler);
    if (!byQueue) this.known.set(handler, (byQueue = new Map()));
    let settings = byQueue.get(queue);
    if (!settings) byQueue.set(queue, (settings = resolveSettings(this.config, queue, handler.settings)));
    return settings;
  }

  private discover(): void {
    for (const discover of this.discoverers) discover();
  }
}

function remedy(handlers: readonly RegisteredHandler[]): string {
  // Two classes are called the same in different files, or because a minifier has renamed them.
  if (handlers.some(({ kind, name, location }) => kind === 'cron' && name === location)) {
    return "an @Cron without a name is called after its class and method. Give it one: { name: 'nightly_cleanup' }.";
  }
  return 'rename one of them, or take it out of the providers.';
}

function describe({ location, module }: RegisteredHandler): string {
  return module ? `${location} (in ${module})` : location;
}
