export { type AttemptMessage, type AttemptedTask, attemptChannel, traceAttempt } from './attempt-channel.js';
export { type EnqueueMessage, enqueueChannel, traceEnqueue } from './enqueue-channel.js';
export { type StepMessage, stepsAreTraced, traceStep } from './step-channel.js';
export {
  ATTEMPT_CHANNEL,
  ENQUEUE_CHANNEL,
  listenToAttempts,
  listenToEnqueues,
  listenToSteps,
  STEP_CHANNEL,
} from './subscribe.js';
