export { AttemptPipeline } from './attempt-pipeline.js';
export type { CallTaskOptions, TaskContext } from './task-context.js';
