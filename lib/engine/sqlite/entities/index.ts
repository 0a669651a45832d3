import { AttemptEntity } from './attempt.entity.js';
import { AuditEntity } from './audit.entity.js';
import { LogEntity } from './log.entity.js';
import { MetricEntity } from './metric.entity.js';
import { NameEntity } from './name.entity.js';
import { CountEntity, QueueEntity } from './queue.entity.js';
import { ScheduleEntity } from './schedule.entity.js';
import { TaskEntity } from './task.entity.js';
import { WorkerEntity } from './worker.entity.js';

export const ENTITIES = [
  TaskEntity,
  AttemptEntity,
  LogEntity,
  QueueEntity,
  CountEntity,
  NameEntity,
  WorkerEntity,
  ScheduleEntity,
  MetricEntity,
  AuditEntity,
];

export {
  AttemptEntity,
  AuditEntity,
  CountEntity,
  LogEntity,
  MetricEntity,
  NameEntity,
  QueueEntity,
  ScheduleEntity,
  TaskEntity,
  WorkerEntity,
};
