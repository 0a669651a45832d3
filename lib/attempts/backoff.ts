import { parseDuration } from '../checks/index.js';
import type { TaskSettings } from '../config/index.js';

/** A delay that grows stops growing here. A `retryDelay` that is longer than this is kept as it is. */
export const MAX_GROWN_DELAY_MS = 24 * 60 * 60 * 1_000;

export interface BackoffRequest {
  readonly settings: Pick<TaskSettings, 'backoff' | 'retryDelay' | 'jitter'>;
  /** Number of the retry that the delay is for, 1 for the first. */
  readonly retry: number;
  readonly error: Error;
  /** A number from 0 up to 1, as `Math.random` gives it. */
  readonly random: () => number;
  /** Told when a backoff function threw or gave no duration: the delay is `retryDelay` then. */
  readonly onBadFunction: (problem: string) => void;
}

/** Milliseconds to wait before a retry. */
export function retryDelay({ settings, retry, error, random, onBadFunction }: BackoffRequest): number {
  const delay = grownDelay(settings, retry, error, onBadFunction);
  return Math.round(delay * (1 - settings.jitter * random()));
}

function grownDelay(
  { backoff, retryDelay: base }: BackoffRequest['settings'],
  retry: number,
  error: Error,
  onBadFunction: (problem: string) => void,
): number {
  const longest = Math.max(MAX_GROWN_DELAY_MS, base);
  switch (backoff) {
    case 'fixed':
      return base;
    case 'linear':
      return Math.min(base * retry, longest);
    case 'exponential':
      return Math.min(base * 2 ** (retry - 1), longest);
    default:
      try {
        const given: unknown = backoff(retry, error);
        if (given instanceof Promise) {
          given.catch(() => undefined);
          throw new TypeError('it gave a Promise, and must give a duration');
        }
        return parseDuration(given as number, 'backoff');
      } catch (problem) {
        onBadFunction(`The backoff function cannot be used: ${String(problem)}`);
        return base;
      }
  }
}
