import type { TaskError } from '../task.js';
import { type FieldProblem, TasksError } from './tasks-errors.js';

/** What a handler returned is no JSON. Its attempt fails, and nothing of it is stored. */
export class InvalidResultError extends TasksError {
  override readonly name = 'InvalidResultError';
  readonly code = 'invalid_result';

  constructor(
    readonly taskName: string,
    readonly problems: readonly FieldProblem[],
  ) {
    const lines = problems.map(({ path, message }) => (path ? `${path}: ${message}` : `it ${message}`));
    super(
      `What the handler of task "${taskName}" returned cannot be kept as its result: ${lines.join('; ')}. ` +
        'Return what JSON can hold, or leave out "result" of its decorator.',
    );
  }
}

/** What a handler returned is larger than results may be. Its attempt fails, and nothing of it is stored. */
export class ResultTooLargeError extends TasksError {
  override readonly name = 'ResultTooLargeError';
  readonly code = 'result_too_large';

  constructor(
    readonly taskName: string,
    readonly bytes: number,
    readonly limit: number,
  ) {
    super(
      `The result of task "${taskName}" takes ${bytes} bytes as JSON; the limit is ${limit} (option "maxResultSize"). ` +
        'Store large data elsewhere and return its id.',
    );
  }
}

/** There is no result to wait for, or none any more. */
export class NoResultError extends TasksError {
  override readonly name = 'NoResultError';
  readonly code = 'no_result';

  constructor(
    readonly taskName: string,
    message: string,
    /** Null where it was refused before there was a task. */
    readonly taskId: string | null = null,
  ) {
    super(message);
  }
}

/** The task that was waited for has failed; the `cause` is the error of its last attempt. */
export class TaskFailedError extends TasksError {
  override readonly name = 'TaskFailedError';
  readonly code = 'task_failed';

  constructor(
    readonly taskId: string,
    readonly taskName: string,
    error: TaskError | null,
  ) {
    const what = error ? `: ${error.name}: ${error.message}` : '';
    super(`Task "${taskName}" (${taskId}) has failed${what}`, error ? { cause: asError(error) } : {});
  }
}

/** The task that was waited for was cancelled. */
export class TaskCancelledError extends TasksError {
  override readonly name = 'TaskCancelledError';
  readonly code = 'task_cancelled';

  constructor(
    readonly taskId: string,
    readonly taskName: string,
    /** Why the store cancelled it by itself; null where somebody did. */
    readonly reason: string | null = null,
  ) {
    super(`Task "${taskName}" (${taskId}) was cancelled${reason === null ? '' : `: ${reason}`}.`);
  }
}

/** The task did not end in time. It goes on, unless `cancel` was given. */
export class ResultTimeoutError extends TasksError {
  override readonly name = 'ResultTimeoutError';
  readonly code = 'result_timeout';

  constructor(
    readonly taskId: string,
    readonly timeout: number,
    isCancelled: boolean,
    what: 'Task' | 'Workflow' = 'Task',
  ) {
    const goesOn = `It goes on: ask for its result again by its id${what === 'Task' ? ', or give "cancel: true"' : ''}.`;
    super(`${what} "${taskId}" has not ended within ${timeout} ms. ${isCancelled ? 'It was cancelled.' : goesOn}`);
  }
}

/** A handler would wait for a task that can begin only when the handler has ended. */
export class ResultDeadlockError extends TasksError {
  override readonly name = 'ResultDeadlockError';
  readonly code = 'result_deadlock';

  constructor(
    readonly queue: string,
    /** Workers of the queue, all of which would wait. */
    readonly concurrency: number,
  ) {
    super(
      `Waiting here for a task of queue "${queue}" would never end: ${
        concurrency === 1 ? 'its only worker is' : `all of its ${concurrency} workers are`
      } running a handler that waits for a task of this same queue, and no other process works on it. Put the tasks that ` +
        'are waited for on a queue of their own, or give this one more workers.',
    );
  }
}

/** An error as it was stored, thrown anew. */
function asError({ name, message, stack }: TaskError): Error {
  const error = new Error(message);
  for (const [key, value] of Object.entries({ name, stack })) {
    if (value !== undefined) Object.defineProperty(error, key, { value, configurable: true, writable: true });
  }
  return error;
}
