export { failureTargetOf } from './on-failed.js';
export { EnqueuePipeline } from './enqueue-pipeline.js';
export { FollowUps } from './follow-ups.js';
export { TaskDispatcher } from './task-dispatcher.js';
export type { UpdateTaskOptions } from './task-update.js';
export type { AddTaskOptions, BatchOptions, WorkflowTaskOptions } from './task-dispatcher.types.js';
export type { QueueTaskOptions, QueueTaskWhenOptions, RunTaskOptions } from './task-dispatcher.types.js';
