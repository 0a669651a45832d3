export { type MaskParts, maskedTask } from './masked-task.js';
export { errorGroupOf } from './error-group.js';
export type { ListWorkflowsQuery } from './workflow-operations.js';
export { Operations } from './operations.js';
export type {
  BulkTarget,
  KeysQuery,
  LatencyEstimate,
  ListTasksQuery,
  OutboxStatus,
  QueueChange,
  QueueStats,
  ShownSettings,
  TaskList,
  TaskMetrics,
  TaskMetricsPoint,
  TaskMetricsQuery,
  TaskMetricsSeries,
} from './operations.types.js';
