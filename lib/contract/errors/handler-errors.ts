import type { Duration } from '../duration.js';

/**
 * What a handler says by an error, on the prototype of its class: another copy of the package knows it by this, whatever a
 * minifier has called the class, and its subclasses themselves.
 */
export const HANDLER_ERROR = Symbol.for('nestjs-tasks:handler-error');

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

export interface RateLimitedOptions extends ErrorOptions {
  /** Why, for the attempt's record. Default: `Rate limited`. */
  message?: string;
  /**
   * Name of the limit (option `limits`) that is closed until then, for all that share it. Default: the handler's `limit`;
   * where it has none, the task's queue.
   */
  limit?: string;
}

/**
 * Thrown by a handler that was told to wait, as by a server that answers 429: no other task of its limit or queue starts
 * until then, in any process, and the attempt does not count. The task runs again by then.
 *
 * @example
 * throw new RateLimited('30s', { limit: 'stripe' });
 */
export class RateLimited extends Error {
  readonly limit: string | null;

  /** @param delay time until tasks start again: milliseconds or a duration such as `30s`. */
  constructor(
    readonly delay: Duration,
    options: RateLimitedOptions = {},
  ) {
    super(options.message ?? 'Rate limited', options);
    this.name = 'RateLimited';
    this.limit = options.limit ?? null;
  }
}

// The names of properties, which a minifier leaves as they are.
for (const [name, type] of Object.entries({ UnrecoverableError, RetryLater, RateLimited })) {
  Object.defineProperty(type.prototype, HANDLER_ERROR, { value: name });
}
