import type { QueueStats } from '../../../dispatcher/task-dispatcher.types.js';

export type { OutboxStatus } from '../../../dispatcher/task-dispatcher.types.js';
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

/** What the API answers where the library has no type of its own for it. */

export type Queue = QueueStats & {
  /** Belongs to another program: it is shown, and never changed. */
  readonly foreign?: boolean;
};
