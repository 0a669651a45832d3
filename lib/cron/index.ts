export { nextRun, nextRuns, type ScheduleTiming } from './cron-expression.js';
export { findTimingProblem } from './timing-problem.js';
export { TASKS_CRON_METADATA } from './cron.constants.js';
export { CronExplorer } from './cron.explorer.js';
export { CronScanner, cronQueues } from './cron.scanner.js';
export { CronRegistry, type DeclaredSchedule } from './cron-registry.js';
export { CronSchedules, type CronSchedulesDependencies } from './cron-schedules.js';
export type { AddScheduleOptions, CronSchedule } from './cron-schedules.types.js';
