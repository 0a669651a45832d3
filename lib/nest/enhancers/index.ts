export { type CallSite, TaskEnhancers } from './task-enhancers.js';
