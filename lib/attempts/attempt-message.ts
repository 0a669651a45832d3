import type { AttemptedTask, AttemptMessage } from '../channels/index.js';
import type { TaskError } from '../contract/index.js';
import { recordedAs } from '../engine/common/index.js';
import type { DeliveredTask, Outcome } from '../engine/port/index.js';

/** A class, as what is put into its objects later then has its place in them. */
class ToldAttempt implements AttemptMessage {
  outcome?: string;
  taskError?: TaskError;

  constructor(
    readonly store: string,
    readonly task: AttemptedTask,
  ) {}
}

export function attemptMessage(store: string, task: DeliveredTask): AttemptMessage {
  const { id, queue, name, attempt, createdAt, runAt, traits } = task;
  const context = traits?.context;
  const shown = { id, queue, name, attempt, createdAt, runAt };
  return new ToldAttempt(store, context ? { ...shown, context } : shown);
}

/** Says in the message how the attempt ended. */
export function noteOutcome(told: AttemptMessage, outcome: Outcome): void {
  told.outcome = outcome.kind === 'declined' ? outcome.kind : recordedAs(outcome);
  if ('error' in outcome && outcome.error) told.taskError = outcome.error;
}
