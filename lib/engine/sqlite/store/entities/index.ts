import { AttemptEntity } from './attempt.entity.js';
import { AuditEntity } from './audit.entity.js';
import { ErrorGroupEntity, ErrorHourEntity } from './error-group.entity.js';
import { LogEntity } from './log.entity.js';
import { MetricEntity } from './metric.entity.js';
import { NameEntity } from './name.entity.js';
import { CountEntity, QueueEntity } from './queue.entity.js';
import { ScheduleEntity } from './schedule.entity.js';
import { SecretEntity } from './secret.entity.js';
import { TaskEntity } from './task.entity.js';
import { EdgeEntity } from './edge.entity.js';
import { LapseEntity } from './lapse.entity.js';
import { KeyLimitEntity, LimitEntity, PauseEntity, StartEntity } from './limit.entity.js';
import { OwnIdEntity } from './own-id.entity.js';
import { ResultEntity } from './result.entity.js';
import { SignalEntity } from './signal.entity.js';
import { StepEntity } from './step.entity.js';
import { TagEntity } from './tag.entity.js';
import { UniqueEntity } from './unique.entity.js';
import { UnhandledEntity } from './unhandled.entity.js';
import { WorkerEntity } from './worker.entity.js';
import {
  NodeEntity,
  NodeTaskEntity,
  NodeWorkEntity,
  SettlingEntity,
  WorkflowEntity,
  WorkflowTagEntity,
} from './workflow.entity.js';

/**
 * The store's tables as TypeORM entities: the one place where columns are named beside the SQL. Each names its table and
 * columns itself, whatever naming strategy a DataSource has, and `synchronize` leaves them alone: migrations of their own
 * make them.
 */
export const TASKS_ENTITIES = [
  TaskEntity,
  AttemptEntity,
  LogEntity,
  OwnIdEntity,
  QueueEntity,
  CountEntity,
  NameEntity,
  WorkerEntity,
  ScheduleEntity,
  MetricEntity,
  AuditEntity,
  SecretEntity,
  ErrorGroupEntity,
  ErrorHourEntity,
  EdgeEntity,
  LapseEntity,
  KeyLimitEntity,
  LimitEntity,
  PauseEntity,
  StartEntity,
  ResultEntity,
  SignalEntity,
  StepEntity,
  TagEntity,
  UniqueEntity,
  UnhandledEntity,
  WorkflowEntity,
  WorkflowTagEntity,
  NodeEntity,
  NodeTaskEntity,
  NodeWorkEntity,
  SettlingEntity,
];

export {
  AttemptEntity,
  AuditEntity,
  CountEntity,
  ErrorGroupEntity,
  ErrorHourEntity,
  LogEntity,
  MetricEntity,
  NameEntity,
  OwnIdEntity,
  QueueEntity,
  ScheduleEntity,
  SecretEntity,
  TaskEntity,
  WorkerEntity,
  EdgeEntity,
  LapseEntity,
  KeyLimitEntity,
  LimitEntity,
  PauseEntity,
  StartEntity,
  ResultEntity,
  SignalEntity,
  StepEntity,
  TagEntity,
  UniqueEntity,
  UnhandledEntity,
  WorkflowEntity,
  WorkflowTagEntity,
  NodeEntity,
  NodeTaskEntity,
  NodeWorkEntity,
  SettlingEntity,
};
