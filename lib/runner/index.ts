export type { TaskContext } from './task-context.js';
export { TaskRunner, type TaskRunnerDependencies } from './task-runner.js';
