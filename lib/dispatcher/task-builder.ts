import { setImmediate as turn } from 'node:timers/promises';
import type { Type } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { resolveSettings, unfitRetention, validateTaskSettings, type EngineTraits } from '../config/index.js';
import type { StoredTaskSettings } from '../config/options.js';
import type { ResolvedConfig, TaskSettings } from '../config/resolved-config.js';
import type { HandlerRegistry, RegisteredHandler } from '../discovery/index.js';
import type { NewTask } from '../engine/index.js';
import {
  InvalidArgumentError,
  InvalidParamsError,
  ParamsTooLargeError,
  UnknownQueueError,
  UnknownTaskNameError,
  listOf,
  type FieldProblem,
} from '../errors/index.js';
import type { EncodedParams, ParamsCodec } from '../params/index.js';
import { checkQueue, checkTaskName, startTime } from './task-arguments.js';
import type { QueueTaskWhenOptions } from './task-dispatcher.types.js';

/** One row to enqueue: `name` is null where the class of `params` tells it. */
export interface TaskRow {
  readonly name: string | null;
  readonly params: object;
}

/** A task to store. */
export interface BuiltTask {
  readonly task: NewTask;
  /** As a reader of the stored task gets them, but for what is sensitive. */
  readonly params: unknown;
}

/** What of a task's options is no setting. */
const NO_SETTINGS = ['manager', 'delay', 'runAt'] as const;
/** More wrong rows than these are not listed one by one. */
const MOST_PROBLEMS = 100;
/** Rows are checked for this long at a stretch; then whatever else waits has its turn. */
const LONGEST_STRETCH_MS = 3;

/** Turns what a caller asks for into tasks to store, or says what is wrong with it. */
export class TaskBuilder {
  constructor(
    private readonly config: ResolvedConfig,
    private readonly registry: HandlerRegistry,
    private readonly codec: ParamsCodec,
    /** Tells the task that is enqueueing. */
    private readonly parentId: () => string | null = () => null,
    /** What the tasks have to fit. */
    private readonly engine?: EngineTraits,
  ) {}

  /** A promise only where a rule of the params class makes it wait. */
  build(queue: string, row: TaskRow, options: QueueTaskWhenOptions): BuiltTask | Promise<BuiltTask> {
    const makeTask = this.prepare(queue, options);
    return makeTask(row);
  }

  /** Every row is checked before any error is thrown; the errors' paths begin with the row's index: `[3].to`. */
  async buildMany(queue: string, rows: readonly TaskRow[], options: QueueTaskWhenOptions): Promise<BuiltTask[]> {
    const makeTask = this.prepare(queue, options);
    const tasks: BuiltTask[] = [];
    const problems: FieldProblem[] = [];
    let wrongName: string | null = null;
    let deadline = performance.now() + LONGEST_STRETCH_MS;
    for (const [index, row] of rows.entries()) {
      try {
        const made = makeTask(row);
        tasks.push(made instanceof Promise ? await made : made);
      } catch (error) {
        const found = problemsOf(error, index);
        if (!found) throw error;
        wrongName ??= (error as InvalidParamsError | ParamsTooLargeError).taskName;
        problems.push(...found);
        if (problems.length >= MOST_PROBLEMS) break;
      }
      if (performance.now() < deadline) continue;
      await turn();
      deadline = performance.now() + LONGEST_STRETCH_MS;
    }
    if (wrongName !== null) throw new InvalidParamsError(wrongName, problems);
    return tasks;
  }

  /** Checks what is the same for every row once. */
  private prepare(queue: string, options: QueueTaskWhenOptions): (row: TaskRow) => BuiltTask | Promise<BuiltTask> {
    if (!this.config.queues.has(checkQueue(queue))) {
      throw new UnknownQueueError(queue, [...this.config.queues.keys()]);
    }
    const { settings, manager, delay, runAt } = splitOptions(options);
    if (manager !== undefined && typeof manager?.query !== 'function') {
      throw new InvalidArgumentError('manager', 'manager must be the EntityManager of a TypeORM transaction.');
    }
    const unfit = this.engine && unfitRetention(this.config, queue, settings, this.engine);
    if (unfit) throw new InvalidArgumentError('retention', unfit);
    const now = this.config.clock.now();
    const startAt = startTime(delay, runAt, now);
    const parentId = this.parentId();
    const stored = settings === null ? null : JSON.stringify(settings);

    let known: { handler: RegisteredHandler | undefined; resolved: TaskSettings } | null = null;
    const taskOf = (name: string, handler: RegisteredHandler | undefined, encoded: EncodedParams): BuiltTask => {
      // Rows of one call are nearly always of one task.
      if (known?.handler !== handler || !known) {
        known = { handler, resolved: resolveSettings(this.config, queue, handler?.settings, settings) };
      }
      const { priority, maxRetries } = known.resolved;
      const knowsRetries = handler !== undefined || settings?.maxRetries !== undefined;
      const task: NewTask = {
        id: uuidv7(),
        queue,
        name,
        params: encoded.json,
        priority,
        runAt: startAt,
        createdAt: now,
        maxAttempts: knowsRetries ? maxRetries + 1 : null,
        settings: stored,
        sensitive: encoded.sensitive,
        parentId,
      };
      return { task, params: encoded.plain };
    };

    return ({ name: given, params }) => {
      const name = given ?? this.nameOf(params);
      const handler = this.handlerOf(name);
      const encoded = this.codec.encodeNow(name, params, handler?.params ?? null);
      return encoded instanceof Promise
        ? encoded.then((later) => taskOf(name, handler, later))
        : taskOf(name, handler, encoded);
    };
  }

  /** @throws UnknownTaskNameError in a process that has handlers, but not this one */
  private handlerOf(name: string): RegisteredHandler | undefined {
    const handler = this.registry.get(checkTaskName(name));
    if (!handler && !this.registry.isEmpty) throw new UnknownTaskNameError(name, this.registry.names());
    return handler;
  }

  private nameOf(params: unknown): string {
    const type =
      typeof params === 'object' && params !== null ? (params.constructor as Type<object> | undefined) : null;
    if (!type || type === Object || Array.isArray(params)) {
      throw new InvalidArgumentError(
        'name',
        `Give the task's name before its params, or an instance of a params class. ${this.known()}`,
      );
    }
    const handlers = this.registry.allByParams(type);
    if (handlers.length === 1) return handlers[0]!.name;
    if (handlers.length > 1) {
      const names = listOf(handlers.map((handler) => handler.name));
      throw new InvalidArgumentError(
        'name',
        `Several tasks take params of class ${type.name}: ${names}. Give the task's name.`,
      );
    }
    throw new InvalidArgumentError(
      'name',
      `No handler takes params of class ${type.name}: give the task's name, or name the class in its handler's ` +
        `@TaskHandler(name, { params: ${type.name} }). ${this.known()}`,
    );
  }

  private known(): string {
    const classes = this.registry.all().flatMap(({ name, params }) => (params ? [`${params.name} for "${name}"`] : []));
    return `Known params classes: ${classes.length > 0 ? classes.join(', ') : 'none'}.`;
  }
}

/** @returns the settings that are there, null where there are none, beside the rest of the options */
function splitOptions(options: QueueTaskWhenOptions): Pick<QueueTaskWhenOptions, 'manager' | 'delay' | 'runAt'> & {
  settings: StoredTaskSettings | null;
} {
  if (isEmpty(options)) return { settings: null };
  validateTaskSettings(options, '', (field, message) => new InvalidArgumentError(field, message), {
    beside: NO_SETTINGS,
    stored: true,
  });
  const { manager, delay, runAt, ...rest } = options;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return { manager, delay, runAt, settings: given.length > 0 ? Object.fromEntries(given) : null };
}

/** As of nearly every call. Anything but an empty object literal is looked at closely. */
function isEmpty(options: object | null | undefined): boolean {
  return options != null && Object.getPrototypeOf(options) === Object.prototype && Object.keys(options).length === 0;
}

function problemsOf(error: unknown, index: number): FieldProblem[] | null {
  if (error instanceof InvalidParamsError) {
    return error.problems.map(({ path, message }) => ({
      path: `[${index}]${path === '' || path.startsWith('[') ? path : `.${path}`}`,
      message,
    }));
  }
  if (error instanceof ParamsTooLargeError) {
    return [{ path: `[${index}]`, message: `takes ${error.bytes} bytes as JSON; the limit is ${error.limit}` }];
  }
  return null;
}
