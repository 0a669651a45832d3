import { parseDuration, type TaskSettings } from '../config/index.js';
import type { Outcome, TaskError } from '../engine/index.js';
import { RetryLater, UnrecoverableError } from '../errors/index.js';
import type { AttemptsGranted } from './attempts-granted.js';
import { retryDelay } from './backoff.js';
import { isInstanceByName, property, toError } from './task-error.js';

export interface Failure {
  /** What the handler threw. */
  readonly thrown: unknown;
  /** As it is stored. */
  readonly error: TaskError;
  readonly settings: TaskSettings;
  readonly attempts: AttemptsGranted;
  readonly now: number;
  readonly random: () => number;
  /** Told what had to be put right on the way, such as a delay that is none. */
  readonly note: (message: string) => void;
}

/**
 * Whether and when a task that failed runs again:
 *
 * 1. `UnrecoverableError`: never.
 * 2. `RetryLater` that does not count: after its delay, however many attempts were used.
 * 3. All attempts used: never.
 * 4. `RetryLater`: after its delay.
 * 5. Anything else: after the backoff's delay.
 */
export function failureOutcome(failure: Failure): Outcome {
  const { thrown, error, settings, attempts, now } = failure;
  const maxAttempts = attempts.base;
  const later = isInstanceByName(thrown, RetryLater) ? (thrown as object) : null;
  const countsAttempt = later === null || property(later, 'countsAttempt') !== false;
  const exhausted = countsAttempt && attempts.used >= attempts.base;
  if (isInstanceByName(thrown, UnrecoverableError) || exhausted) {
    return { kind: 'failed', error, keepFor: settings.retention.failed, maxAttempts };
  }
  const delay = (later && chosenDelay(later, failure)) ?? backoffDelay(failure);
  return { kind: 'retry', at: now + delay, error, countsAttempt, maxAttempts };
}

/** Whether the handler itself says what is to happen, which then holds whatever its signal was aborted for. */
export function isDecision(thrown: unknown): boolean {
  return isInstanceByName(thrown, UnrecoverableError) || isInstanceByName(thrown, RetryLater);
}

function chosenDelay(later: object, { note }: Failure): number | null {
  try {
    return parseDuration(property(later, 'delay') as number, 'The delay of RetryLater');
  } catch (problem) {
    note(`${toError(problem).message} The task's retryDelay is used instead.`);
    return null;
  }
}

function backoffDelay({ thrown, settings, attempts, random, note }: Failure): number {
  return retryDelay({
    settings,
    retry: attempts.used,
    error: toError(thrown),
    random,
    onBadFunction: (problem) => note(`${problem}. The task's retryDelay is used instead.`),
  });
}
