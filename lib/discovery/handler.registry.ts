import type { Type } from '@nestjs/common';
import { TasksConfigError } from '../errors/index.js';
import type { RegisteredHandler } from './registered-handler.js';

/** The handlers of one store, by the names of their tasks. */
export class HandlerRegistry {
  private readonly handlers = new Map<string, RegisteredHandler>();
  private readonly discoverers: Array<() => void> = [];

  /** @param discover called when something is not found: modules may have been loaded since. It adds what it finds. */
  whenMissing(discover: () => void): void {
    this.discoverers.push(discover);
  }

  /** @throws TasksConfigError when the name has a handler already */
  add(handler: RegisteredHandler): void {
    const present = this.handlers.get(handler.name);
    if (present) {
      throw new TasksConfigError(
        `Two handlers are registered for task "${handler.name}": ${describe(present)} and ${describe(handler)}. ` +
          'A name has one handler: rename one of them, or take it out of the providers.',
      );
    }
    this.handlers.set(handler.name, handler);
  }

  get(name: string): RegisteredHandler | undefined {
    if (!this.handlers.has(name)) this.discover();
    return this.handlers.get(name);
  }

  /** The one handler that takes params of this class; undefined where there is none, or more than one. */
  byParams(type: Type<object>): RegisteredHandler | undefined {
    const handlers = this.allByParams(type);
    return handlers.length === 1 ? handlers[0] : undefined;
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

  private discover(): void {
    for (const discover of this.discoverers) discover();
  }
}

function describe({ location, module }: RegisteredHandler): string {
  return module ? `${location} (in ${module})` : location;
}
