import type { LapseReason } from '../../lib/contract/index.js';

/** The times of a task that has some, and how they ended it. */
export interface ModelSpan {
  startBy: number | null;
  deadlineAt: number | null;
  reason: LapseReason | null;
}

export const NO_SPAN: ModelSpan = { startBy: null, deadlineAt: null, reason: null };

/** When a task that waits is ended by its times, and how; null: never. */
export function lapse({ startBy, deadlineAt }: ModelSpan, hasStarted: boolean): readonly [LapseReason, number] | null {
  const expiry = hasStarted || startBy === null ? Infinity : startBy;
  const deadline = deadlineAt ?? Infinity;
  if (expiry === Infinity && deadline === Infinity) return null;
  return expiry <= deadline ? ['expired', expiry] : ['deadline', deadline];
}

/** Somebody has the task run again: what is over binds it no more. */
export function liveAgain(span: ModelSpan, now: number): void {
  span.reason = null;
  if (span.startBy !== null && span.startBy <= now) span.startBy = null;
  if (span.deadlineAt !== null && span.deadlineAt <= now) span.deadlineAt = null;
}
