export { inCleanContext, inContextOfNow, runAsStep, runAsTask, runningAttempt, runningStep } from './async-context.js';
export { loggerInCleanContext } from './logger-in-clean-context.js';
