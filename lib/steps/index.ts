export { DurableSteps, type StepTools } from './durable-steps.js';
export type { StepContext, StepOptions } from './step-options.js';
