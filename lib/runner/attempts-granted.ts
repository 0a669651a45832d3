import type { TaskSettings } from '../config/index.js';
import type { DeliveredTask } from '../engine/index.js';

/**
 * How many attempts a task is granted, and how many it has used.
 *
 *     base     = the task's own maxAttempts, else maxRetries + 1 of its settings
 *     used     = attempt - excusedAttempts     (this attempt counts; lost, snoozed and released ones do not)
 *     used < base: another attempt may follow; it is retry number `used`
 *
 * An outcome carries `base`: the engine adds what it excuses. A handler sees `base + excusedAttempts`, so that its last
 * attempt is the one where `attempt === maxAttempts`.
 */
export interface AttemptsGranted {
  readonly base: number;
  readonly used: number;
  readonly shown: number;
}

export function attemptsGranted(
  { maxAttempts, attempt, excusedAttempts }: DeliveredTask,
  settings: Pick<TaskSettings, 'maxRetries'>,
): AttemptsGranted {
  const base = maxAttempts ?? settings.maxRetries + 1;
  return { base, used: Math.max(1, attempt - excusedAttempts), shown: base + excusedAttempts };
}
