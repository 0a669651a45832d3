import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { TaskSettingsOptions } from '../config/options.js';
import { TasksConfigError } from '../errors/index.js';
import type { TaskContext } from '../runner/index.js';
import type { ParamsOf, TaskParams } from '../dispatcher/task-dispatcher.types.js';
import { TASK_HANDLER_METADATA } from '../tasks.constants.js';

/** Settings of a handler's tasks, over those of the queue and under those of the task itself. */
export interface TaskHandlerOptions<Params extends object = object> extends TaskSettingsOptions {
  /**
   * Class of the params: they are validated against it when a task is enqueued and before the handler runs, and reach
   * the handler as its instance. Without it they are any JSON object.
   */
  params?: Type<Params>;
  /** Queue that the tasks are usually put on; where the configuration does not know it, it is known by this. */
  queue?: string;
  /**
   * Name of the store (`TasksModule.forRoot({ name })`) that the handler works for.
   * @default 'default', or the only one there is
   */
  store?: string;
}

/** What `@TaskHandler` leaves on a class or a method. */
export interface TaskHandlerMetadata {
  readonly name: string;
  readonly options: TaskHandlerOptions;
}

/** A function type and not a method, so that its parameters are compared strictly. */
type Handle<Params> = (params: Params, task: TaskContext) => unknown;

/** Params that `handle` must take: those of the class, else those listed for the name, else whatever it says itself. */
type HandledParams<Name extends string, Params extends object> = object extends Params
  ? Name extends keyof TaskParams
    ? ParamsOf<Name>
    : never
  : Params;

export interface TaskHandlerDecorator<Params> {
  /** On a class with a method `handle(params, task)`. */
  <Handler extends abstract new (...dependencies: never[]) => { handle: Handle<Params> }>(target: Handler): void;
  /** On a method of a provider or controller. */
  <Method extends Handle<Params>>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void;
}

/**
 * Makes a class with `handle(params, task)`, or a method of any provider, the handler of a task.
 *
 * The class must be listed in a module's `providers`. The app's guards, pipes, interceptors and filters do not apply to
 * handlers. Handlers that are request-scoped (or depend on something that is) are instantiated for each attempt, and
 * `@Inject(REQUEST)` gives them the {@link TaskContext}.
 *
 * @param name of the tasks: 1 to 200 characters, one handler each. Two handlers of one name stop the boot.
 *
 * @example
 * \@TaskHandler('send_email', { params: SendEmailParams, queue: 'emails', maxRetries: 5 })
 * export class SendEmailHandler {
 *   async handle(params: SendEmailParams, task: TaskContext) {}
 * }
 *
 * @publicApi
 */
export function TaskHandler<const Name extends string, Params extends ParamsOf<Name> = ParamsOf<Name>>(
  name: Name,
  options: TaskHandlerOptions<Params> = {},
): TaskHandlerDecorator<HandledParams<Name, Params>> {
  return (target: object, property?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const metadata: TaskHandlerMetadata = { name, options };
    if (property === undefined) {
      Reflect.defineMetadata(TASK_HANDLER_METADATA, metadata, target);
      return;
    }
    if (typeof target === 'function' || typeof descriptor?.value !== 'function') {
      const where = `${typeof target === 'function' ? target.name : target.constructor.name}.${String(property)}`;
      throw new TasksConfigError(`@TaskHandler('${name}') stands on ${where}, which is not a method of an instance.`);
    }
    Reflect.defineMetadata(TASK_HANDLER_METADATA, metadata, descriptor.value);
  };
}
