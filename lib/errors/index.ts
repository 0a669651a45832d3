export {
  ForeignManagerError,
  ForeignQueueError,
  InvalidArgumentError,
  InvalidParamsError,
  ParamsTooLargeError,
  ScheduleNotFoundError,
  TaskNotFoundError,
  TaskStateError,
  TasksConfigError,
  TasksError,
  UnknownQueueError,
  UnknownTaskNameError,
  type FieldProblem,
} from './tasks-errors.js';
export { SchemaVersionError, StoreError } from './store-errors.js';
export { RetryLater, type RetryLaterOptions, UnrecoverableError } from './handler-errors.js';
export { listOf, messageOf, nearest, plural } from './wording.js';
