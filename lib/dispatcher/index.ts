export { TaskDispatcher } from './task-dispatcher.js';
export { runAsTask } from './current-task.js';
export { TaskBuilder } from './task-builder.js';
export type * from './task-dispatcher.types.js';
