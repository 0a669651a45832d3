/** The API's answers as the library types them: the page names a type of the library's through this file alone. */
export type {
  ActionResult,
  AuditEntry,
  AuditPage,
  ErrorGroup,
  ErrorReport,
  KeyPage,
  LimitStatus,
  RunningTask,
  Task,
  TaskAction,
  TaskAttempt,
  TaskBlock,
  TaskError,
  TaskPause,
  TaskState,
  TaskStep,
  TaskSteps,
  TaskSummary,
  WorkerStatus,
  Workflow,
  WorkflowNode,
  WorkflowPage,
  WorkflowState,
  WorkflowSummary,
} from '../../../contract/index.js';
export type { WrongField } from '../../../checks/index.js';
export type { CronSchedule } from '../../../cron/index.js';
export type { OutboxStatus, TaskList, TaskMetrics, QueueStats as Queue } from '../../../operations/index.js';
export type { Problem } from '../../../problems/index.js';
export type { ProblemReport } from '../../api/problems.resource.js';
export type { ParamsField } from '../../../params/index.js';
export type { ShownTask } from '../../api/tasks.resource.js';
export type { EngineInfo } from '../../api/engine.resource.js';
export type { HandlerInfo } from '../../api/handlers.resource.js';
