import type { Type } from '@nestjs/common';
import type { TaskSettingsOptions } from '../config/options.js';
import type { TaskContext } from '../runner/index.js';

/** A handler that was found in the app, ready to be called. */
export interface RegisteredHandler {
  /** Name of the tasks that it handles. */
  readonly name: string;
  /** What carries the decorator: a class with `handle`, a method, or a cron method. */
  readonly kind: 'class' | 'method' | 'cron';
  /** Class and method as messages name them: `SendEmailHandler.handle`. */
  readonly location: string;
  /** Nest module that provides it, for messages. */
  readonly module?: string;
  /** Queue that its tasks are usually put on; null where the handler names none. */
  readonly queue: string | null;
  readonly params: Type<object> | null;
  readonly settings: TaskSettingsOptions;
  /**
   * Runs it on its provider's instance, or on one made for this call where the provider is request-scoped or transient.
   * Returns what the handler returns, a promise where that is one or the instance is still to be made.
   */
  call(params: object, task: TaskContext): unknown;
}
