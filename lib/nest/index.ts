export { Cron, type CronOptions } from './decorators/cron.decorator.js';
export { InjectCronSchedules, getCronSchedulesToken } from './decorators/inject-cron-schedules.decorator.js';
export { InjectTaskDispatcher, getTaskDispatcherToken } from './decorators/inject-task-dispatcher.decorator.js';
export { OnTaskEvent, type OnTaskEventOptions } from './decorators/on-task-event.decorator.js';
export { Sensitive } from './decorators/sensitive.decorator.js';
export {
  TaskHandler,
  type TaskHandlerDecorator,
  type TaskHandlerOptions,
} from './decorators/task-handler.decorator.js';
export { type StoreParts, storesIn } from './store-parts.js';
export type { StoreSetup, StoreSetups } from './store-setup.js';
export { findDataSource } from './tasks.data-source.js';
export { STORE_SETUPS } from './tasks.constants.js';
export { getTasksHealthToken, getTasksMetricsToken } from './decorators/observing-tokens.js';
export { TasksModule } from './tasks.module.js';
