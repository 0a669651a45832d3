import { listOf, nearest } from '../wording.js';

/** Base of every error that the library raises for a caller's mistake or a store's fault. */
export abstract class TasksError extends Error {
  /** A stable word for programs: `unknown_queue`, `invalid_params`, … */
  abstract readonly code: string;
  /** Written out in each class: a bundler that minifies changes the names of classes. */
  abstract override readonly name: string;
  /**
   * HTTP status that Nest's own exception filter answers with when the error leaves a controller. Only errors that a client's
   * request may cause have one; the others are faults of the app, and answered with 500.
   */
  readonly statusCode?: number;

  /** With {@link expose}, the form of the errors of `http-errors`, which Nest's filter, Express and Fastify know. */
  get status(): number | undefined {
    return this.statusCode;
  }

  /** Whether the message may be shown to a client; undefined for what is no client's mistake. */
  get expose(): true | undefined {
    return this.statusCode === undefined ? undefined : true;
  }
}

/** One wrong field: where it is and what is wrong with it. Never holds the value. */
export interface FieldProblem {
  /** Path from the root of the value, such as `items[2].price`; empty for the value itself. */
  readonly path: string;
  readonly message: string;
}

/** The module's options or its configuration file are wrong. Stops the boot. */
export class TasksConfigError extends TasksError {
  override readonly name = 'TasksConfigError';
  readonly code = 'invalid_config';
}

export class UnknownQueueError extends TasksError {
  override readonly name = 'UnknownQueueError';
  readonly code = 'unknown_queue';

  constructor(
    readonly queue: string,
    readonly known: readonly string[],
    /** Where a task has that name: a queue that it may be put on. */
    taskOfThatName?: { readonly queue: string },
  ) {
    super(unknownQueueText(queue, known, taskOfThatName?.queue));
  }
}

/** @param taskQueue where the name is that of a task: a queue that it may be put on */
function unknownQueueText(queue: string, known: readonly string[], taskQueue?: string): string {
  const configured = `Configured queues: ${listOf(known)}.`;
  if (taskQueue !== undefined) {
    return (
      `Queue "${queue}" is not configured: "${queue}" is the name of a task. Name a queue before it, as in ` +
      `queue('${taskQueue}', '${queue}', params). ${configured}`
    );
  }
  const near = nearest(queue, known);
  const hint = near ? ` Did you mean "${near}"?` : '';
  return `Queue "${queue}" is not configured.${hint} ${configured} Add it under "workers" or "queues".`;
}

export class UnknownTaskNameError extends TasksError {
  override readonly name = 'UnknownTaskNameError';
  readonly code = 'unknown_task_name';

  constructor(
    readonly taskName: string,
    readonly known: readonly string[],
  ) {
    const near = nearest(taskName, known);
    super(
      `No handler is registered for task "${taskName}".${near ? ` Did you mean "${near}"?` : ''} ` +
        `Registered: ${listOf(known)}. Decorate a class or method with @TaskHandler('${taskName}') and list its class in a module's providers.`,
    );
  }
}

/** The params of a task are of a later version than the handler of this process knows. */
export class UnknownTaskVersionError extends TasksError {
  override readonly name = 'UnknownTaskVersionError';
  readonly code = 'unknown_task_version';

  constructor(
    readonly taskName: string,
    /** That of the task's params. */
    readonly version: number,
    /** The latest that the handler knows. */
    readonly known: number,
  ) {
    super(
      `Task "${taskName}" has params of version ${version}; the handler here knows versions up to ${known}. ` +
        'Run a process of the build that enqueued it.',
    );
  }
}

/** The params of an earlier version could not be brought up to the handler's own. */
export class ParamsUpgradeError extends TasksError {
  override readonly name = 'ParamsUpgradeError';
  readonly code = 'params_upgrade';

  /** @param problem worded to follow the task's name and the versions */
  constructor(
    readonly taskName: string,
    /** The version that the params have. */
    readonly from: number,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`Params of task "${taskName}" cannot go from version ${from} to ${from + 1}: ${problem}`, options);
  }
}

/** A params object that is not valid for its task. `problems` says which fields and why. */
export class InvalidParamsError extends TasksError {
  override readonly name = 'InvalidParamsError';
  readonly code = 'invalid_params';
  override readonly statusCode = 400;

  constructor(
    readonly taskName: string,
    readonly problems: readonly FieldProblem[],
  ) {
    const lines = problems.map(({ path, message }) => (path ? `${path}: ${message}` : message));
    super(`Params of task "${taskName}" are not valid: ${lines.join('; ')}`);
  }
}

export class ParamsTooLargeError extends TasksError {
  override readonly name = 'ParamsTooLargeError';
  readonly code = 'params_too_large';
  override readonly statusCode = 413;

  constructor(
    readonly taskName: string,
    readonly bytes: number,
    readonly limit: number,
  ) {
    super(
      `Params of task "${taskName}" take ${bytes} bytes as JSON; the limit is ${limit} (option "maxParamsSize"). ` +
        `Store large data elsewhere and pass its id.`,
    );
  }
}

/** An argument other than params is wrong: a delay, a priority, a cursor, a filter, … */
export class InvalidArgumentError extends TasksError {
  override readonly name = 'InvalidArgumentError';
  readonly code = 'invalid_argument';
  override readonly statusCode = 400;

  constructor(
    /** Name of the argument or option, such as `delay` or `retention.completed`. */
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

export class TaskNotFoundError extends TasksError {
  override readonly name = 'TaskNotFoundError';
  readonly code = 'task_not_found';
  override readonly statusCode = 404;

  constructor(readonly taskId: string) {
    super(`There is no task with id "${taskId}". It may have been deleted or pruned by retention.`);
  }
}

/** The action does not apply to a task in its present state, or another task holds the key that it would need. */
export class TaskStateError extends TasksError {
  override readonly name = 'TaskStateError';
  readonly code = 'task_state';
  override readonly statusCode = 409;

  constructor(
    readonly taskId: string,
    readonly action: string,
    readonly state: string,
    readonly allowed: readonly string[],
    /** Id of the task that holds its unique key, where that is what is in the way. */
    readonly holder?: string,
  ) {
    super(
      holder === undefined
        ? `Cannot ${action} task "${taskId}": it is ${state}. Possible in: ${listOf(allowed, 'or')}.`
        : `Cannot ${action} task "${taskId}": task "${holder}" holds its key. Let that one end, or cancel or delete it first.`,
    );
  }
}

export class ScheduleNotFoundError extends TasksError {
  override readonly name = 'ScheduleNotFoundError';
  readonly code = 'schedule_not_found';
  override readonly statusCode = 404;

  constructor(
    readonly schedule: string,
    readonly known: readonly string[],
  ) {
    const near = nearest(schedule, known);
    super(`There is no cron schedule "${schedule}".${near ? ` Did you mean "${near}"?` : ''} Known: ${listOf(known)}.`);
  }
}

/** `manager` belongs to another database than the tasks: the two cannot commit together. */
export class ForeignManagerError extends TasksError {
  override readonly name = 'ForeignManagerError';
  readonly code = 'foreign_manager';
}

/** The queue belongs to other code, and is only shown. */
export class ForeignQueueError extends TasksError {
  override readonly name = 'ForeignQueueError';
  readonly code = 'foreign_queue';

  constructor(readonly queue: string) {
    super(`Queue "${queue}" belongs to other code: its tasks are shown here, and can be changed only there.`);
  }
}
