import { inCleanContext } from './async-context.js';

interface Logger {
  debug?(message: string): void;
  log(message: string): void;
  warn(message: string): void;
  error(message: string, stack?: string): void;
}

/** A logger whose lines carry nothing of the request that happened to set off what they are about. */
export function loggerInCleanContext(logger: Logger): Logger {
  return {
    debug: (message) => inCleanContext(() => logger.debug?.(message)),
    log: (message) => inCleanContext(() => logger.log(message)),
    warn: (message) => inCleanContext(() => logger.warn(message)),
    // Nest's logger prints an argument that is there and undefined.
    error: (message, stack) =>
      inCleanContext(() => (stack === undefined ? logger.error(message) : logger.error(message, stack))),
  };
}
