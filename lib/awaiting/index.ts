export { Awaiting, type AwaitingParts } from './awaiting.js';
export type { TaskAtHand } from './own-queue.js';
export { type ResultOptions } from './result-options.js';
