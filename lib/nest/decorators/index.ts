export { getTasksHealthToken, getTasksMetricsToken } from './observing-tokens.js';
export { Cron, type CronOptions } from './cron.decorator.js';
export { getCronSchedulesToken, InjectCronSchedules } from './inject-cron-schedules.decorator.js';
export { getTaskDispatcherToken, InjectTaskDispatcher } from './inject-task-dispatcher.decorator.js';
export { OnTaskEvent, type OnTaskEventMetadata, type OnTaskEventOptions } from './on-task-event.decorator.js';
export { Sensitive } from './sensitive.decorator.js';
export {
  TaskHandler,
  type TaskHandlerDecorator,
  type TaskHandlerMetadata,
  type TaskHandlerOptions,
} from './task-handler.decorator.js';
