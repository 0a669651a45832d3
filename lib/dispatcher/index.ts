export { TaskDispatcher } from './task-dispatcher.js';
export { TaskBuilder } from './task-builder.js';
export type * from './task-dispatcher.types.js';
