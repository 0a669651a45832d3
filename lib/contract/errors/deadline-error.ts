import { TaskAbortedError } from './task-aborted-error.js';

/**
 * The deadline of a task came before its end: the error that it fails with, and the reason of the signal of one that runs.
 */
export class DeadlineError extends TaskAbortedError {
  override readonly name = 'DeadlineError';

  /** @param deadlineAt UTC milliseconds */
  constructor(
    readonly deadlineAt: number,
    options?: ErrorOptions,
  ) {
    super('deadline', deadlineMessage(deadlineAt), options);
    // Where it is made says nothing about where the handler was.
    this.stack = `${this.name}: ${this.message}`;
  }
}

export function deadlineMessage(deadlineAt: number): string {
  return `The task had not ended by its deadline, ${new Date(deadlineAt).toISOString()}`;
}
