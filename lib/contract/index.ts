export { MAX_UNHANDLED_COUNTED, type UnhandledKind } from './unhandled-kind.js';
export type { FailedTask, TaskFailure } from './failed-task.js';
export type { FailureTarget } from './failure-target.js';
export type { OnConflict, ReleasePoint, UniqueClaim } from './unique-claim.js';
export {
  type Caller,
  type CarriedContext,
  type LapseReason,
  MAX_WAITS_SHOWN,
  type TaskTags,
  type TaskTraits,
  type WaitingFor,
} from './task-traits.js';
export type { AlertKind, TaskAlert } from './alert.js';
export { TASK_EVENT_KINDS, type TaskEvent, type TaskEventKind } from './task-event.js';
export { type AuditAction, type AuditEntry, type AuditPage, MAX_AUDIT_ENTRIES } from './audit.js';
export type { LimitStatus, PauseSelector, TaskPause } from './task-pause.js';
export { DEFAULT_STORE } from './default-store.js';
export type { Duration } from './duration.js';
export { DeadlineError, deadlineMessage } from './errors/deadline-error.js';
export { DuplicateTaskError } from './errors/duplicate-task-error.js';
export {
  HANDLER_ERROR,
  RateLimited,
  type RateLimitedOptions,
  RetryLater,
  type RetryLaterOptions,
  UnrecoverableError,
} from './errors/handler-errors.js';
export { StepNameError, StepResultError, StepsNotSupportedError } from './errors/step-errors.js';
export { TaskSuspended } from './errors/task-suspended.js';
export { SchemaVersionError, StoreError } from './errors/store-errors.js';
export { type AbortCause, TaskAbortedError } from './errors/task-aborted-error.js';
export {
  InvalidResultError,
  NoResultError,
  ResultDeadlockError,
  ResultTimeoutError,
  ResultTooLargeError,
  TaskCancelledError,
  TaskFailedError,
} from './errors/result-errors.js';
export {
  type FieldProblem,
  ForeignManagerError,
  ForeignQueueError,
  InvalidArgumentError,
  InvalidParamsError,
  ParamsTooLargeError,
  ParamsUpgradeError,
  ScheduleNotFoundError,
  TaskNotFoundError,
  TaskStateError,
  TasksConfigError,
  TasksError,
  UnknownQueueError,
  UnknownTaskNameError,
  UnknownTaskVersionError,
} from './errors/tasks-errors.js';
export type { ErrorOccurrence, ErrorGroup, ErrorReport } from './error-group.js';
export {
  SCHEDULER_TYPE,
  SCHEDULER_TYPE_CRON,
  SCHEDULER_TYPE_INTERVAL,
  SCHEDULER_TYPE_TIMEOUT,
  SCHEDULE_CRON_OPTIONS,
  SCHEDULE_MODULE_OPTIONS,
  DECORATED_FUNCTION_METADATA,
  TASKS_CRON_METADATA,
  TASK_EVENT_METADATA,
  TASK_HANDLER_METADATA,
} from './metadata-keys.js';
export { type MetricPoint, type MetricsQuery, noMetrics } from './metrics.js';
export type { OutboxDepth, QueueDepth, StateCounts } from './queue-depth.js';
export {
  type KeyDepth,
  type KeyPage,
  MAX_KEY_COUNTED,
  type QueueFlow,
  type TaskBlock,
  type TaskHold,
} from './queue-flow.js';
export type { RateLimit } from './rate-limit.js';
export {
  MAX_LISTED_STEP_BYTES,
  MAX_STEPS_LISTED,
  STEP_KINDS,
  type StepKind,
  type StepWait,
  type TaskStep,
  type TaskSteps,
  type WaitingSignal,
} from './step.js';
export { type CatchUp, MAX_LAST_RUNS, type Schedule, type ScheduleStatus, type ScheduleTraits } from './schedule.js';
export {
  ACTION_STATES,
  type ActionResult,
  type ActionTarget,
  MAX_REFUSED_LISTED,
  type RefusedTask,
  type TaskAction,
  type TaskChange,
  UPDATE_STATES,
} from './task-actions.js';
export {
  type PageRequest,
  TASK_FILTER_KEYS,
  TASK_ORDERS,
  type TaskFilter,
  type TaskOrder,
  type TaskPage,
} from './task-filter.js';
export { MAX_LOG_BYTES, type StoreCondition } from './store-condition.js';
export type { ParamsOf, ResultOf, TaskParams, TaskResults } from './task-params.js';
export {
  type AttemptOutcome,
  type ChildTask,
  type EnqueuedTask,
  ENDED_STATES,
  hasEnded,
  MAX_CHILDREN_LISTED,
  TASK_STATES,
  type Task,
  type TaskAttempt,
  type TaskError,
  type TaskLog,
  type TaskProgress,
  type TaskState,
  type TaskSummary,
  noTasks,
} from './task.js';
export {
  MAX_EDGES_SHOWN,
  MAX_NODES_LISTED,
  NODE_CONDITIONS,
  NODE_STATES,
  type NodeCondition,
  type NodeKind,
  type NodeReason,
  type NodeState,
  type Workflow,
  type WorkflowNode,
  type WorkflowPage,
  type WorkflowProgress,
  WORKFLOW_STATES,
  type WorkflowState,
  type WorkflowSummary,
} from './workflow.js';
export {
  InvalidWorkflowError,
  WorkflowCancelledError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowsNotSupportedError,
  WorkflowStateError,
} from './errors/workflow-errors.js';
export type { TaskWorkflow } from './task-workflow.js';
export type { TaskKey } from './task-key.js';
export { listOf, messageOf, nearest, plural } from './wording.js';
export { MAX_RUNNING_LISTED, type RunningTask, type WorkerInfo, type WorkerStatus } from './worker.js';
