import type { Outcome } from '../port/index.js';

/**
 * What becomes of a task that was cancelled while its attempt ran: an outcome that would let it run again ends it.
 * @param keepFor milliseconds until retention deletes the task; null: never
 */
export function ofCancelled(outcome: Outcome, keepFor: number | null): Outcome {
  const { kind, maxAttempts } = outcome;
  if (kind === 'retry') return { kind: 'cancelled', maxAttempts, keepFor, error: outcome.error };
  return kind === 'released' || kind === 'declined' || kind === 'suspended'
    ? { kind: 'cancelled', maxAttempts, keepFor }
    : outcome;
}

/**
 * What becomes of a task that was left to others: it fails where nobody has known its name for too long; null: it waits on.
 * @param since when it was first left so
 */
export function ofUnhandled(outcome: Outcome & { kind: 'declined' }, since: number, now: number): Outcome | null {
  const { error, keepFor, maxAttempts, wait } = outcome;
  return now - since >= wait ? { kind: 'failed', error, keepFor, maxAttempts } : null;
}
