export { nextRun, nextRuns, type ScheduleTiming } from './cron-expression.js';
export { findTimingProblem } from './timing-problem.js';
