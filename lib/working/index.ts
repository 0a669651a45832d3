export type { DrainWorkersOptions, WorkOptions, WorkReport } from './work-options.js';
export { Workers } from './workers.js';
