export { nextRun } from './cron-expression.js';
export { CronRegistry } from './cron-registry.js';
export { CronSchedules } from './cron-schedules.js';
export type { AddScheduleOptions, CronSchedule, TriggerOptions } from './cron-schedules.types.js';
export { type RunSpanOptions, runSpanOf } from './run-span.js';
export { DEFAULT_CATCH_UP, expressionText, findCatchUpProblem, findNameProblem } from './schedule-fields.js';
export { findTimingProblem } from './timing-problem.js';
