export * from './task.js';
export * from './task-engine.js';
