export type { DrainWorkersOptions, WorkOptions, WorkReport } from './work-options.js';
export { sharedLimits } from './shared-limits.js';
export { Workers } from './workers.js';
