import type { TaskSettings } from '../config/index.js';
import { DeadlineError } from '../contract/index.js';
import { lapseOf } from '../engine/common/index.js';
import type { DeliveredTask, Outcome } from '../engine/port/index.js';
import { toTaskError } from './task-error.js';

/**
 * What becomes of a task that was delivered when it was not to run any more, as its `startBy` or deadline had come while it
 * was on its way; null where it may run.
 */
export function lapsed(task: DeliveredTask, now: number, settingsOf: () => TaskSettings): Outcome | null {
  const reason = task.traits ? lapseOf(task.traits, task.attempt > 1, now) : null;
  if (reason === null) return null;
  const { retention, maxRetries } = settingsOf();
  const maxAttempts = task.maxAttempts ?? maxRetries + 1;
  if (reason === 'expired') return { kind: 'cancelled', reason, keepFor: retention.cancelled, maxAttempts };
  const error = toTaskError(new DeadlineError(task.traits!.deadlineAt!), (text) => text);
  return { kind: 'failed', error, keepFor: retention.failed, maxAttempts };
}
