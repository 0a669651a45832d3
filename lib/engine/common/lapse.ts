import { deadlineMessage, type LapseReason, type TaskError, type TaskTraits } from '../../contract/index.js';

type LifeSpan = Pick<TaskTraits, 'startBy' | 'deadlineAt'>;

/** How a task lapses next, and when; null where it never does. Once it has started, its `startBy` binds it no more. */
function nextOf(
  { startBy, deadlineAt = Infinity }: LifeSpan,
  hasStarted: boolean,
): readonly [LapseReason, number] | null {
  if (!hasStarted && startBy !== undefined && startBy <= deadlineAt) return ['expired', startBy];
  return deadlineAt < Infinity ? ['deadline', deadlineAt] : null;
}

/** When the task lapses next; null: never. */
export function nextLapse(span: LifeSpan, hasStarted: boolean): number | null {
  return nextOf(span, hasStarted)?.[1] ?? null;
}

/** Why the task is not to run any more; null where it may. */
export function lapseOf(span: LifeSpan, hasStarted: boolean, now: number): LapseReason | null {
  const next = nextOf(span, hasStarted);
  return next && next[1] <= now ? next[0] : null;
}

/** The error of a task whose deadline came while it waited: no attempt has it. Null for every other task. */
export function lapseError(traits: TaskTraits | undefined): TaskError | null {
  if (traits?.reason !== 'deadline') return null;
  return { name: 'DeadlineError', message: deadlineMessage(traits.deadlineAt!) };
}

/** What is left of the traits where somebody has the task run again: times that are over bind it no more. */
export function withoutLapsed(
  { reason: _reason, waitingFor: _waitingFor, startBy, deadlineAt, ...others }: TaskTraits,
  now: number,
): TaskTraits {
  return {
    ...(startBy !== undefined && startBy > now && { startBy }),
    ...(deadlineAt !== undefined && deadlineAt > now && { deadlineAt }),
    ...others,
  };
}
