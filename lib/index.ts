/** The public surface of the package: what is not exported here may change at any time. */

export { TasksModule } from './tasks.module.js';
export { TaskDispatcher } from './dispatcher/index.js';
// A star, as only then an app may merge its task names into `TaskParams`.
export type * from './dispatcher/task-dispatcher.types.js';

export {
  Cron,
  type CronOptions,
  getCronSchedulesToken,
  getTaskDispatcherToken,
  InjectCronSchedules,
  InjectTaskDispatcher,
  Sensitive,
  TaskHandler,
  type TaskHandlerDecorator,
  type TaskHandlerOptions,
} from './decorators/index.js';
export { type AddScheduleOptions, type CronSchedule, CronSchedules } from './cron/index.js';
export type { TaskContext } from './runner/index.js';

export type {
  AdminOptions,
  Backoff,
  BackoffFunction,
  CronMode,
  EngineOption,
  OutboxOptions,
  QueueOptions,
  RetentionOptions,
  StoredTaskSettings,
  TaskSettingsOptions,
  TasksModuleAsyncOptions,
  TasksModuleIdentity,
  TasksModuleOptions,
  TasksModuleRootOptions,
  TasksOptionsFactory,
  WorkerCounts,
} from './config/options.js';
export type { Duration } from './config/duration.js';
export type { RateLimit } from './config/resolved-config.js';

export { bullmq, type BullmqOptions, type RedisConnection } from './engine/bullmq/index.js';
export { outboxMigrations, OutboxTask } from './outbox/index.js';
export { backupTasks, type BackupTasksOptions, type TasksBackup } from './engine/sqlite/backup/backup-tasks.js';

export { type CancelTimer, type Clock, ManualClock, SystemClock } from './clock/index.js';

export {
  type AbortCause,
  ACTION_STATES,
  type ActionResult,
  type AuditAction,
  type AuditEntry,
  type AuditPage,
  type AttemptOutcome,
  type CatchUp,
  type ChildTask,
  ENDED_STATES,
  type FailureGroup,
  type FailureReport,
  type EngineChange,
  type OutboxDepth,
  type ScheduleStatus,
  type StateCounts,
  type Task,
  TASK_STATES,
  TaskAbortedError,
  type TaskAction,
  type TaskAttempt,
  type TaskError,
  type TaskFilter,
  type TaskLog,
  type TaskOrder,
  type TaskProgress,
  type TaskState,
  type TaskSummary,
  type RunningTask,
  type WorkerInfo,
  type WorkerStatus,
} from './engine/index.js';

export {
  type FieldProblem,
  ForeignManagerError,
  ForeignQueueError,
  InvalidArgumentError,
  InvalidParamsError,
  ParamsTooLargeError,
  RetryLater,
  type RetryLaterOptions,
  ScheduleNotFoundError,
  SchemaVersionError,
  StoreError,
  TaskNotFoundError,
  TasksConfigError,
  TasksError,
  TaskStateError,
  UnknownQueueError,
  UnknownTaskNameError,
  UnrecoverableError,
} from './errors/index.js';
