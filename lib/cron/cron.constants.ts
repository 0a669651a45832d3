/**
 * Where the library's own `@Cron` keeps its options on a method. A key of its own, so that the runner of
 * `@nestjs/schedule` never sees these methods and may stay on beside them (`cron: 'own'`).
 */
export const TASKS_CRON_METADATA = 'nestjs-tasks:cron';

/** Keys of `@nestjs/schedule`, the same in versions 6 and 12; it exports neither them nor their accessor. */
export const SCHEDULE_CRON_OPTIONS = 'SCHEDULE_CRON_OPTIONS';
export const SCHEDULER_TYPE = 'SCHEDULER_TYPE';
export const SCHEDULER_TYPE_CRON = 1;
export const SCHEDULE_MODULE_OPTIONS = 'SCHEDULE_MODULE_OPTIONS';
