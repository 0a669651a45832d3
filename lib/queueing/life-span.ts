import { MAX_DURATION_MS, parseDuration } from '../checks/index.js';
import { type Duration, InvalidArgumentError, type TaskTraits } from '../contract/index.js';
import type { TaskEngine } from '../engine/port/index.js';

/** The options of a call that say how long its tasks live. */
export interface LifeSpanOptions {
  readonly expires?: Duration | Date | undefined;
  readonly deadline?: Duration | Date | undefined;
}

/** Times by which a task must have started, and ended. */
export type LifeSpan = Pick<TaskTraits, 'startBy' | 'deadlineAt'>;

/**
 * The times by which a task must have started, and ended; null where it has none.
 *
 * @param now when the call was made, from which durations count
 * @param runAt when the task may start
 * @throws InvalidArgumentError for a time that has passed, and for one by which the task may not have started
 */
export function lifeSpanOf({ expires, deadline }: LifeSpanOptions, now: number, runAt: number): LifeSpan | null {
  if (expires === undefined && deadline === undefined) return null;
  const startBy = expires === undefined ? undefined : timeOf('expires', expires, now);
  const deadlineAt = deadline === undefined ? undefined : timeOf('deadline', deadline, now);
  const span: LifeSpan = { ...(startBy !== undefined && { startBy }), ...(deadlineAt !== undefined && { deadlineAt }) };
  checkStart(span, runAt);
  return span;
}

/** @throws InvalidArgumentError where a task that starts at `runAt` at the earliest would be ended before */
export function checkStart({ startBy, deadlineAt }: LifeSpan, runAt: number): void {
  if (startBy !== undefined && startBy <= runAt) throw endsBefore('expires', startBy, runAt);
  if (deadlineAt !== undefined && deadlineAt <= runAt) throw endsBefore('deadline', deadlineAt, runAt);
}

/** @throws InvalidArgumentError where the engine ends no task by itself */
export function checkEnds(
  { startBy }: LifeSpan,
  { kind, capabilities }: Pick<TaskEngine, 'kind' | 'capabilities'>,
): void {
  if (capabilities.lapses) return;
  const field = startBy === undefined ? 'deadline' : 'expires';
  throw new InvalidArgumentError(field, `The engine "${kind}" ends no task by itself: leave "${field}" out.`);
}

function timeOf(field: 'expires' | 'deadline', value: Duration | Date, now: number): number {
  const isDate = value instanceof Date;
  const time = isDate ? Math.round(value.getTime()) : now + parseDuration(value, field);
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError(field, `${field} must be a duration such as "30s", or a valid Date.`);
  }
  if (time <= now) {
    const past = isDate ? `${value.toISOString()} has passed` : 'a task without any time could never run';
    throw new InvalidArgumentError(field, `${field} must be in the future: ${past}.`);
  }
  if (time > now + MAX_DURATION_MS) {
    throw new InvalidArgumentError(field, `${field} must be less than ten years away.`);
  }
  return time;
}

function endsBefore(field: 'expires' | 'deadline', time: number, runAt: number): InvalidArgumentError {
  return new InvalidArgumentError(
    field,
    `${field} must come after runAt: it is over at ${new Date(time).toISOString()}, and the task may not start before ` +
      `${new Date(runAt).toISOString()}. A duration counts from when the task is enqueued, not from its runAt or delay.`,
  );
}
