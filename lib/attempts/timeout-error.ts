import { formatDuration } from './format-duration.js';

/** The error of an attempt that ran out of time. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';

  /** @param timeout milliseconds */
  constructor(timeout: number, options?: ErrorOptions) {
    super(timeoutMessage(timeout), options);
    // Where it is made says nothing about where the handler was.
    this.stack = `${this.name}: ${this.message}`;
  }
}

export function timeoutMessage(timeout: number): string {
  return `The attempt took longer than its timeout of ${formatDuration(timeout)}`;
}
