export { type AttemptMessage, type AttemptedTask, attemptsAreTraced, traceAttempt } from './attempt-channel.js';
export { type EnqueueMessage, enqueuesAreTraced, traceEnqueue } from './enqueue-channel.js';
export { type StepMessage, stepsAreTraced, traceStep } from './step-channel.js';
export {
  ATTEMPT_CHANNEL,
  ENQUEUE_CHANNEL,
  listenToAttempts,
  listenToEnqueues,
  listenToSteps,
  STEP_CHANNEL,
} from './subscribe.js';
