import { parseDuration } from '../checks/index.js';
import type { TaskSettings } from '../config/index.js';
import type { Outcome } from '../engine/port/index.js';
import { RateLimited, RetryLater, type TaskError, UnrecoverableError } from '../contract/index.js';
import { retryDelay } from './backoff.js';
import { isInstanceByName, property, toError } from './task-error.js';

export interface ThrownError {
  /** The value that the handler threw. */
  readonly thrown: unknown;
  /** As it is stored. */
  readonly error: TaskError;
  readonly settings: TaskSettings;
  /** Attempts that the task is granted, and has used. */
  readonly attempts: { readonly base: number; readonly used: number };
  readonly now: number;
  readonly random: () => number;
  /** Name of the limit that the handler's tasks share; null where they have none. */
  readonly limit: string | null;
  /** Names of all limits there are. */
  readonly limits: Pick<ReadonlySet<string>, 'has'>;
  /** Told what had to be put right on the way, such as a delay that is none. */
  readonly note: (message: string) => void;
}

/**
 * Whether and when a task that failed runs again:
 *
 * 1. `UnrecoverableError`: never.
 * 2. `RateLimited`, and `RetryLater` that does not count: after its delay, however many attempts were used.
 * 3. All attempts used: never.
 * 4. `RetryLater`: after its delay.
 * 5. Anything else: after the backoff's delay.
 */
export function errorOutcome(thrownError: ThrownError): Outcome {
  const { thrown, error, settings, attempts, now } = thrownError;
  const maxAttempts = attempts.base;
  if (isRateLimited(thrown)) {
    const delay = chosenDelay(thrown, thrownError) ?? backoffDelay(thrownError);
    const closes = { limit: limitOf(thrown, thrownError) };
    return { kind: 'retry', at: now + delay, error, countsAttempt: false, closes, maxAttempts };
  }
  const later = isInstanceByName(thrown, RetryLater, 'RetryLater') ? (thrown as object) : null;
  const countsAttempt = later === null || property(later, 'countsAttempt') !== false;
  const exhausted = countsAttempt && attempts.used >= attempts.base;
  if (isInstanceByName(thrown, UnrecoverableError, 'UnrecoverableError') || exhausted) {
    return { kind: 'failed', error, keepFor: settings.retention.failed, maxAttempts };
  }
  const delay = (later && chosenDelay(later, thrownError)) ?? backoffDelay(thrownError);
  return { kind: 'retry', at: now + delay, error, countsAttempt, maxAttempts };
}

/** Whether the handler itself says what is to happen, which then holds whatever its signal was aborted for. */
export function isDecision(thrown: unknown): boolean {
  return (
    isInstanceByName(thrown, UnrecoverableError, 'UnrecoverableError') ||
    isInstanceByName(thrown, RetryLater, 'RetryLater') ||
    isRateLimited(thrown)
  );
}

function isRateLimited(thrown: unknown): thrown is object {
  return isInstanceByName(thrown, RateLimited, 'RateLimited');
}

/** The limit that is closed; null: the queue is. */
function limitOf(thrown: object, { limit, limits, note }: ThrownError): string | null {
  const named = property(thrown, 'limit') ?? limit;
  if (named === null || (typeof named === 'string' && limits.has(named))) return named;
  note(
    `RateLimited names the limit ${JSON.stringify(named)}, which is none of the option "limits": the queue is closed.`,
  );
  return null;
}

function chosenDelay(later: object, { note }: ThrownError): number | null {
  try {
    return parseDuration(
      property(later, 'delay') as number,
      `The delay of ${later instanceof Error ? later.name : 'RetryLater'}`,
    );
  } catch (problem) {
    note(`${toError(problem).message} The task's retryDelay is used instead.`);
    return null;
  }
}

function backoffDelay({ thrown, settings, attempts, random, note }: ThrownError): number {
  return retryDelay({
    settings,
    retry: attempts.used,
    error: toError(thrown),
    random,
    onBadFunction: (problem) => note(`${problem}. The task's retryDelay is used instead.`),
  });
}
