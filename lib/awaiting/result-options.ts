import { parseDuration } from '../checks/index.js';
import { type Duration, InvalidArgumentError } from '../contract/index.js';

/** How somebody waits for the result of a task. */
export interface ResultOptions {
  /**
   * How long it is waited for: milliseconds or a duration such as `20s`. Then a `ResultTimeoutError` is thrown, and the task
   * goes on.
   * @default until the task has ended
   */
  timeout?: Duration | undefined;
  /** Ends the waiting when it is aborted, with its reason; the task goes on. */
  signal?: AbortSignal | undefined;
  /**
   * Cancels the task where the waiting ends before it, by `timeout` or `signal`.
   * @default false
   */
  cancel?: boolean | undefined;
}

export interface CheckedResultOptions {
  /** In milliseconds; null: none. */
  readonly timeout: number | null;
  readonly signal: AbortSignal | null;
  readonly cancel: boolean;
}

/** @throws InvalidArgumentError */
export function checkResultOptions(options: ResultOptions): CheckedResultOptions {
  const { timeout, signal, cancel, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new InvalidArgumentError(unknown, `There is no option "${unknown}". Known: timeout, signal, cancel.`);
  }
  if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.addEventListener !== 'function') {
    throw new InvalidArgumentError('signal', 'signal must be an AbortSignal, such as that of an AbortController.');
  }
  if (cancel !== undefined && typeof cancel !== 'boolean') {
    throw new InvalidArgumentError('cancel', 'cancel must be true or false.');
  }
  return {
    timeout: timeout === undefined ? null : parseDuration(timeout, 'timeout'),
    signal: signal ?? null,
    cancel: cancel ?? false,
  };
}
