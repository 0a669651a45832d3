/** The kit was asked for something that cannot be, or something was not as it was expected. */
export class TasksTestingError extends Error {
  override readonly name: string = 'TasksTestingError';
}

/** A task failed while the test had it run; the `cause` is what its handler threw. */
export class TaskFailedInTestError extends TasksTestingError {
  override readonly name = 'TaskFailedInTestError';

  constructor(
    message: string,
    readonly taskId: string,
    readonly taskName: string,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}
