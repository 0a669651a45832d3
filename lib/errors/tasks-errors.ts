import { listOf, nearest } from './wording.js';

/** Base of every error that the library raises for a caller's mistake or a store's fault. */
export abstract class TasksError extends Error {
  /** A stable word for programs: `unknown_queue`, `invalid_params`, … */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
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
  readonly code = 'invalid_config';
}

export class UnknownQueueError extends TasksError {
  readonly code = 'unknown_queue';

  constructor(
    readonly queue: string,
    readonly known: readonly string[],
  ) {
    const near = nearest(queue, known);
    super(
      `Queue "${queue}" is not configured.${near ? ` Did you mean "${near}"?` : ''} ` +
        `Configured queues: ${listOf(known)}. Add it under "workers" or "queues".`,
    );
  }
}

export class UnknownTaskNameError extends TasksError {
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

/** A params object that is not valid for its task. `problems` says which fields and why. */
export class InvalidParamsError extends TasksError {
  readonly code = 'invalid_params';

  constructor(
    readonly taskName: string,
    readonly problems: readonly FieldProblem[],
  ) {
    const lines = problems.map(({ path, message }) => (path ? `${path}: ${message}` : message));
    super(`Params of task "${taskName}" are not valid: ${lines.join('; ')}`);
  }
}

export class ParamsTooLargeError extends TasksError {
  readonly code = 'params_too_large';

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
  readonly code = 'invalid_argument';

  constructor(
    /** Name of the argument or option, such as `delay` or `retention.completed`. */
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

export class TaskNotFoundError extends TasksError {
  readonly code = 'task_not_found';

  constructor(readonly taskId: string) {
    super(`There is no task with id "${taskId}". It may have been deleted or pruned by retention.`);
  }
}

/** The action does not apply to a task in its present state. */
export class TaskStateError extends TasksError {
  readonly code = 'task_state';

  constructor(
    readonly taskId: string,
    readonly action: string,
    readonly state: string,
    readonly allowed: readonly string[],
  ) {
    super(`Cannot ${action} task "${taskId}": it is ${state}. Possible in: ${listOf(allowed, 'or')}.`);
  }
}

export class ScheduleNotFoundError extends TasksError {
  readonly code = 'schedule_not_found';

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
  readonly code = 'foreign_manager';
}

/** The queue belongs to other code, and is only shown. */
export class ForeignQueueError extends TasksError {
  readonly code = 'foreign_queue';

  constructor(readonly queue: string) {
    super(`Queue "${queue}" belongs to other code: its tasks are shown here, and can be changed only there.`);
  }
}
