export * from './task.js';
export * from './failure-groups.js';
export * from './task-engine.js';
