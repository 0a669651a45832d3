import { listOf } from '../wording.js';

/**
 * Ends the handler of a task that is suspended: it is thrown by whatever the handler waits for, and the handler is called again
 * when that has come. To be let through, by a `catch` too: the task is suspended whatever becomes of it.
 */
export class TaskSuspended extends Error {
  override readonly name = 'TaskSuspended';

  constructor(
    /** Names of the steps that are waited for. */
    readonly waits: readonly string[],
  ) {
    super(
      `The task is suspended until ${listOf(waits, 'or')} has come, and its handler is called again then. ` +
        'Let this error pass where others are caught.',
    );
  }
}
