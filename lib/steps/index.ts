export { encodeStep } from './step-codec.js';
export { DurableSteps, type StepTools } from './durable-steps.js';
export { checkSignalName, type StepContext, type StepOptions, type WaitOptions } from './step-options.js';
