import type { AttemptOutcome } from '../../contract/index.js';
import type { Outcome } from '../port/index.js';

/** What an attempt is on record as that ended so. */
export function recordedAs(outcome: Exclude<Outcome, { readonly kind: 'declined' }>): AttemptOutcome {
  if (outcome.kind === 'retry') return outcome.countsAttempt ? 'retried' : 'snoozed';
  return outcome.kind === 'suspended' ? 'snoozed' : outcome.kind;
}
