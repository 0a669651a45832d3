import type { Duration } from '../duration.js';

/** Thrown by a handler when trying again is pointless: the task fails at once, whatever retries are left. */
export class UnrecoverableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnrecoverableError';
  }
}

export interface RetryLaterOptions extends ErrorOptions {
  /** Why, for the attempt's record. Default: `Retry later`. */
  message?: string;
  /**
   * Whether this attempt counts against the task's retries.
   * @default true
   */
  countsAttempt?: boolean;
}

/**
 * Thrown by a handler that wants to choose the delay of its next attempt, such as a `Retry-After` from a server.
 *
 * @example
 * throw new RetryLater('30s', { countsAttempt: false });
 */
export class RetryLater extends Error {
  readonly countsAttempt: boolean;

  /** @param delay time until the next attempt: milliseconds or a duration such as `30s`. */
  constructor(
    readonly delay: Duration,
    options: RetryLaterOptions = {},
  ) {
    super(options.message ?? 'Retry later', options);
    this.name = 'RetryLater';
    this.countsAttempt = options.countsAttempt ?? true;
  }
}
