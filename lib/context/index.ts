export { inCleanContext, runAsTask, runningAttempt } from './async-context.js';
export { loggerInCleanContext } from './logger-in-clean-context.js';
