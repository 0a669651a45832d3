/**
 * Metadata of `@TaskHandler`, on the class or on the method's function. The key is a string, so that an app that loads two
 * copies of the package (one ESM, one CommonJS) still has its handlers found.
 */
export const TASK_HANDLER_METADATA = 'nestjs-tasks:handler';

/**
 * Metadata of the library's own `@Cron`, on a method. It has a key of its own, so that the runner of `@nestjs/schedule`
 * never sees these methods and may stay on beside them (`cron: 'own'`).
 */
export const TASKS_CRON_METADATA = 'nestjs-tasks:cron';

/** Metadata of `@OnTaskEvent`, on a method: a list, as a method may have several. */
export const TASK_EVENT_METADATA = 'nestjs-tasks:on-event';

/** Keys of `@nestjs/schedule`, the same in versions 6 and 12; it exports neither the keys nor their accessor. */
export const SCHEDULE_CRON_OPTIONS = 'SCHEDULE_CRON_OPTIONS';
export const SCHEDULER_TYPE = 'SCHEDULER_TYPE';
export const SCHEDULER_TYPE_CRON = 1;
export const SCHEDULER_TYPE_TIMEOUT = 2;
export const SCHEDULER_TYPE_INTERVAL = 3;
export const SCHEDULE_MODULE_OPTIONS = 'SCHEDULE_MODULE_OPTIONS';

/** Beside a class, for each method that one of the decorators above stands on: the function that it was then. */
export const DECORATED_FUNCTION_METADATA = 'nestjs-tasks:function';
