/** What the API answers, as the library types it. */
export type { OutboxStatus, QueueStats as Queue } from '../../../dispatcher/task-dispatcher.types.js';
export type { CronSchedule } from '../../../cron/cron-schedules.types.js';
export type {
  AuditEntry,
  AuditPage,
  FailureGroup,
  FailureReport,
  RunningTask,
  WorkerStatus,
} from '../../../engine/index.js';
export type { HandlerInfo } from '../../api/handlers.controller.js';
export type { ParamsField } from '../../../params/params-fields.js';
export type { EngineInfo } from '../../api/engine.controller.js';
