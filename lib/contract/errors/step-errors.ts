import { TasksError } from './tasks-errors.js';

/** A durable step that has no identity of its own, or stands where none may. Its attempt fails. */
export class StepNameError extends TasksError {
  override readonly name = 'StepNameError';
  readonly code = 'step_name';

  constructor(
    readonly stepName: string,
    message: string,
  ) {
    super(message);
  }
}

/** What a step gave is no JSON, or takes more room than steps may. Its attempt fails, and the step is not recorded. */
export class StepResultError extends TasksError {
  override readonly name = 'StepResultError';
  readonly code = 'step_result';

  /** @param problem worded to follow the name of the step */
  constructor(
    readonly stepName: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`Step "${stepName}" ${problem}`, options);
  }
}

/** Something about durable steps that this store cannot do. */
export class StepsNotSupportedError extends TasksError {
  override readonly name = 'StepsNotSupportedError';
  readonly code = 'steps_not_supported';
}
