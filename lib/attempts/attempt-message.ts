import type { AttemptMessage } from '../channels/index.js';
import type { DeliveredTask, Outcome } from '../engine/port/index.js';

export function attemptMessage(store: string, task: DeliveredTask): AttemptMessage {
  const { id, queue, name, attempt, createdAt, runAt, traits } = task;
  const context = traits?.context;
  return { store, task: { id, queue, name, attempt, createdAt, runAt, ...(context && { context }) } };
}

/** Says in the message how the attempt ended. Returns the outcome. */
export function noteOutcome(told: AttemptMessage, outcome: Outcome): Outcome {
  told.outcome = outcome.kind === 'retry' ? (outcome.countsAttempt ? 'retried' : 'snoozed') : outcome.kind;
  if ('error' in outcome && outcome.error) told.taskError = outcome.error;
  return outcome;
}
