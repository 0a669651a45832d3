/** The public surface of the package: what is not exported here may change at any time. */

export { TasksModule } from './nest/index.js';
export { TaskDispatcher } from './queueing/index.js';
export type { AddTaskOptions, BatchOptions, WorkflowTaskOptions } from './queueing/index.js';
export {
  type NodeOptions,
  type NodeResults,
  type NodeRef,
  type WorkflowBuilder,
  type StartOptions,
  type WorkflowOptions,
  type WorkflowResultOptions,
  type WorkflowRun,
} from './workflows/index.js';
export type { QueueTaskOptions, QueueTaskWhenOptions, RunTaskOptions, UpdateTaskOptions } from './queueing/index.js';
export type { ResultOptions } from './awaiting/index.js';
export type { DrainWorkersOptions, WorkOptions, WorkReport } from './working/index.js';
export type {
  CoalesceParts,
  DebounceTimes,
  HandlerUniquenessOptions,
  ThrottleTime,
  UniqueKey,
  UniqueKeyOf,
  UniquenessOptions,
  UniqueRelease,
} from './uniqueness/index.js';
export type {
  BulkTarget,
  LatencyEstimate,
  ListTasksQuery,
  OutboxStatus,
  KeysQuery,
  ListWorkflowsQuery,
  QueueChange,
  QueueStats,
  ShownSettings,
  TaskList,
  TaskMetrics,
  TaskMetricsPoint,
  TaskMetricsQuery,
} from './operations/index.js';
// A star, as only then an app may merge its task names into `TaskParams`.
export type * from './contract/task-params.js';

export {
  Cron,
  type CronOptions,
  getCronSchedulesToken,
  getTaskDispatcherToken,
  getTasksHealthToken,
  getTasksMetricsToken,
  InjectCronSchedules,
  InjectTaskDispatcher,
  OnTaskEvent,
  type OnTaskEventOptions,
  Sensitive,
  TaskHandler,
  type TaskHandlerDecorator,
  type TaskHandlerOptions,
} from './nest/index.js';
export { type AddScheduleOptions, type CronSchedule, CronSchedules } from './cron/index.js';
export type { CallTaskOptions, TaskContext } from './attempts/index.js';
export type { StepContext, StepOptions, WaitOptions } from './steps/index.js';

export type {
  AdminAbout,
  AdminAction,
  AdminOptions,
  AlertRule,
  AlertsOptions,
  Backoff,
  BackoffFunction,
  ContextOptions,
  CronMode,
  CronOverride,
  EnhancersMode,
  MetricsOptions,
  OnFailed,
  EngineOption,
  OutboxOptions,
  QueueOptions,
  QueueRetentionOptions,
  QueueSettingsOptions,
  RetentionOptions,
  StoredTaskSettings,
  TaskSettingsOptions,
  TasksModuleAsyncOptions,
  TasksModuleIdentity,
  TasksModuleOptions,
  TasksModuleRootOptions,
  TasksOptionsFactory,
  UnknownTasks,
  WorkerCounts,
} from './config/index.js';
export type { ParamsType, StandardSchema } from './params/index.js';
export type { Duration } from './contract/index.js';
export type {
  KeyDepth,
  KeyPage,
  LimitStatus,
  PauseSelector,
  QueueFlow,
  RateLimit,
  TaskBlock,
  TaskHold,
  TaskKey,
  TaskPause,
} from './contract/index.js';

export { bullmq, type BullmqOptions, type RedisConnection } from './engine/bullmq/index.js';
export { outboxMigrations, OutboxTask } from './outbox/index.js';
export {
  AttemptEntity,
  AuditEntity,
  CountEntity,
  LogEntity,
  MetricEntity,
  NameEntity,
  QueueEntity,
  ScheduleEntity,
  SecretEntity,
  TASKS_ENTITIES,
  TaskEntity,
  WorkerEntity,
} from './engine/sqlite/store/entities/index.js';
export { backupTasks, type BackupTasksOptions, type TasksBackup } from './engine/sqlite/backup/backup-tasks.js';

export { type CancelTimer, type Clock, ManualClock, SystemClock } from './clock/index.js';

export {
  type AlertKind,
  type AbortCause,
  ACTION_STATES,
  type ActionResult,
  type AuditAction,
  type AuditEntry,
  type AuditPage,
  type AttemptOutcome,
  type CatchUp,
  type ChildTask,
  type EnqueuedTask,
  ENDED_STATES,
  type LapseReason,
  type ErrorGroup as FailureGroup,
  type ErrorReport as FailureReport,
  type OnConflict,
  type OutboxDepth,
  type ScheduleStatus,
  type StateCounts,
  type StepKind,
  type StepWait,
  type Task,
  TASK_STATES,
  TaskAbortedError,
  type TaskAction,
  type TaskAlert,
  type TaskAttempt,
  type TaskError,
  type TaskEvent,
  type TaskEventKind,
  type TaskFilter,
  type TaskLog,
  type TaskOrder,
  type TaskProgress,
  type TaskState,
  type TaskStep,
  type TaskSteps,
  type TaskSummary,
  type TaskWorkflow,
  InvalidWorkflowError,
  type NodeCondition,
  type NodeKind,
  type NodeReason,
  type NodeState,
  type Workflow,
  WorkflowCancelledError,
  WorkflowFailedError,
  type WorkflowNode,
  WorkflowNotFoundError,
  type WorkflowPage,
  type WorkflowProgress,
  WorkflowsNotSupportedError,
  type WorkflowState,
  WorkflowStateError,
  type WorkflowSummary,
  type CarriedContext,
  type FailedTask,
  type FailureTarget,
  type TaskTags,
  type RefusedTask,
  type ReleasePoint,
  type RunningTask,
  type UniqueClaim,
  type WaitingFor,
  type WaitingSignal,
  type WorkerInfo,
  type WorkerStatus,
} from './contract/index.js';
export type { EngineChange } from './engine/port/index.js';

export {
  DeadlineError,
  DuplicateTaskError,
  type FieldProblem,
  ForeignManagerError,
  ForeignQueueError,
  InvalidArgumentError,
  InvalidParamsError,
  InvalidResultError,
  NoResultError,
  ParamsTooLargeError,
  ParamsUpgradeError,
  RateLimited,
  type RateLimitedOptions,
  ResultDeadlockError,
  ResultTimeoutError,
  ResultTooLargeError,
  RetryLater,
  type RetryLaterOptions,
  ScheduleNotFoundError,
  SchemaVersionError,
  StepNameError,
  StepResultError,
  StepsNotSupportedError,
  StoreError,
  TaskCancelledError,
  TaskFailedError,
  TaskNotFoundError,
  TasksConfigError,
  TasksError,
  TaskStateError,
  TaskSuspended,
  UnknownQueueError,
  UnknownTaskNameError,
  UnknownTaskVersionError,
  UnrecoverableError,
} from './contract/index.js';

export { TaskAlertParams, TaskFailureParams } from './params/index.js';

export {
  ATTEMPT_CHANNEL,
  type AttemptMessage,
  ENQUEUE_CHANNEL,
  type EnqueueMessage,
  STEP_CHANNEL,
  type StepMessage,
} from './channels/index.js';
export { TasksMetrics } from './metrics/index.js';
export { type HealthReport, type LatencyCheck, type LivenessLimits, TasksHealth } from './health/index.js';
