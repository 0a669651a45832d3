import { TasksError } from './tasks-errors.js';

/** A task was not enqueued, as another one holds its key and `onConflict` is `reject`. */
export class DuplicateTaskError extends TasksError {
  override readonly name = 'DuplicateTaskError';
  readonly code = 'duplicate_task';
  override readonly statusCode = 409;

  constructor(
    readonly taskName: string,
    readonly queue: string,
    /** Id of the task that holds the key. */
    readonly holder: string,
  ) {
    super(
      `Task "${taskName}" was not enqueued on queue "${queue}": task "${holder}" holds its key. Nothing was stored. Give ` +
        'onConflict: "keep" to be given that task instead.',
    );
  }
}
