/** The testing kit, exported as `nestjs-tasks/testing`. */

export { TasksTestingModule } from './tasks-testing.module.js';
export { TasksTesting } from './tasks-testing.js';
export type { ExpectedTask } from './expectation.js';
export type { PerformedAttempt, PerformOptions } from './performed.js';
export type { QueuedTask } from './queued-task.js';
export type { RanAttempt } from './ran-attempt.js';
export { TaskFailedInTestError, TasksTestingError } from './testing-error.js';
export type { DrainOptions, FailureMode, TestingMode, TasksTestingOptions } from './testing-options.js';
