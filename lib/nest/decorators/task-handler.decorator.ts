import 'reflect-metadata';
import type { OnFailed, TaskSettingsOptions } from '../../config/index.js';
import {
  type Duration,
  type ParamsOf,
  TASK_HANDLER_METADATA,
  type TaskKey,
  type TaskParams,
  TasksConfigError,
} from '../../contract/index.js';
import type { TaskContext } from '../../attempts/index.js';
import { noteDecorated } from './decorated-classes.js';
import { decoratedMethod, notedOn, noteOn } from './decorated-method.js';
import { refuseNoOptions } from '../options-object.js';
import type { ParamsUpgrades } from '../../handlers/index.js';
import type { ParamsType } from '../../params/index.js';
import type { HandlerUniquenessOptions } from '../../uniqueness/index.js';

/** Settings of a handler's tasks, over those of the queue and under those of the task itself. */
export interface TaskHandlerOptions<Params extends object = object>
  extends TaskSettingsOptions, HandlerUniquenessOptions<Params> {
  /**
   * Class of the params, or a schema of zod, valibot or any other library that follows Standard Schema. Params are
   * validated against it when a task is enqueued and before the handler runs. They reach the handler as an instance of
   * the class, or as the schema's output. Without it they are any JSON object.
   */
  params?: ParamsType<Params>;
  /** Queue that the tasks are usually put on; where the configuration does not know it, it is known by this. */
  queue?: string;
  /**
   * Names that the task had before. Tasks that are stored under one of them run here, and code that still enqueues them is
   * served. A name or alias has one handler.
   * @default none
   */
  aliases?: readonly string[];
  /**
   * Version of the params that the handler takes, a whole number that grows with each change that earlier params do not
   * meet. It is stored with each task. A task of a later version than this is left to a process that knows it.
   * @default 1
   */
  version?: number;
  /**
   * What brings params of an earlier version up to date, one version at a time, before they are validated: `upgrade[1]`
   * makes params of version 2 of those of version 1. A task of a version that nothing leads on from fails.
   */
  upgrade?: ParamsUpgrades;
  /**
   * Keeps what the handler returns, which is then JSON of at most `maxResultSize`, for `run()`, `result()` and the panel.
   * `true`: as long as the task is kept; a duration such as `1h`: for so long.
   * @default false
   */
  result?: boolean | Duration;
  /**
   * Name of a rate limit of the option `limits`, which counts the starts of its tasks together with those of all others that
   * name it, over queues and processes.
   * @default none
   */
  limit?: string;
  /**
   * Whose slots its tasks share on a queue that has `key` or `fair`: a text, or what makes it of their params as they are
   * stored. A key that a call gives wins. A process without the handler does not know it: calls there give the key.
   * @default none
   */
  key?: TaskKey<Params>;
  /**
   * Name of the task that is enqueued when a task of this handler fails for good, in the commit of the failure, with
   * `TaskFailureParams`; `false`: none. It is stored with each task when that is enqueued.
   * @default that of the queue, or of the module
   */
  onFailed?: OnFailed;
  /**
   * Name of the store (`TasksModule.forRoot({ name })`) that the handler works for.
   * @default 'default', or the only one there is
   */
  store?: string;
}

/** The metadata that `@TaskHandler` leaves on a class or a method. */
export interface TaskHandlerMetadata {
  readonly name: string;
  /** Its functions are called with params of this name alone. */
  readonly options: Omit<TaskHandlerOptions, keyof HandlerUniquenessOptions> & HandlerUniquenessOptions<never>;
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
 * The class must be listed in a module's `providers`. Nest's guards, interceptors, pipes and filters that stand on the class
 * or the method apply to it; the app's global ones with the option `enhancers: 'all'` alone.
 *
 * Handlers that are request-scoped (or depend on something that is) are instantiated for each attempt, and
 * `@Inject(REQUEST)` gives them the {@link TaskContext}.
 *
 * @param name of the tasks: 1 to 200 characters, one handler each. Two handlers of one name stop the boot.
 * @throws TasksConfigError for options that are no object, and where the decorator stands twice, or on what is not a method of an instance
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
    // Checked at boot, where the app is known; until then it may be anything, and a symbol cannot be shown as it is.
    const given: unknown = name;
    const shown = String(given);
    const decorator = `@TaskHandler('${shown}')`;
    refuseNoOptions(decorator, options);
    // What reads it calls "key" with params of this very type.
    const metadata: TaskHandlerMetadata = { name, options: options as object };
    if (property === undefined) {
      refuseSecond(shown, Reflect.getOwnMetadata(TASK_HANDLER_METADATA, target), (target as { name?: string }).name);
      noteDecorated(target);
      Reflect.defineMetadata(TASK_HANDLER_METADATA, metadata, target);
      return;
    }
    const decorated = decoratedMethod(decorator, target, property, descriptor);
    refuseSecond(shown, notedOn(TASK_HANDLER_METADATA, decorated), decorated.where);
    noteOn(TASK_HANDLER_METADATA, metadata, decorated);
  };
}

function refuseSecond(name: string, first: unknown, where = ''): void {
  if (first === undefined) return;
  throw new TasksConfigError(
    `${where} has @TaskHandler('${(first as TaskHandlerMetadata).name}') and @TaskHandler('${name}'). Keep one, and list what else its tasks are called in the option "aliases".`,
  );
}
