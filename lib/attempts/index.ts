export { AttemptPipeline } from './attempt-pipeline.js';
export type { TaskContext } from './task-context.js';
