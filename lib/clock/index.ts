export type { CancelTimer, Clock } from './clock.js';
export { ManualClock } from './manual-clock.js';
export { SystemClock } from './system-clock.js';
