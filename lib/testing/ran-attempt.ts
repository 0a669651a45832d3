import type { AttemptOutcome, TaskError } from '../contract/index.js';
import { recordedAs } from '../engine/common/index.js';
import type { Outcome, HandFedAttempt } from '../engine/port/index.js';
import type { CallEnd } from './handler-calls.js';
import { TaskFailedInTestError } from './testing-error.js';

/** An attempt that a test had run. */
export interface RanAttempt {
  readonly id: string;
  readonly store: string;
  readonly queue: string;
  readonly name: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  /** What its handler threw; null where it threw nothing. */
  readonly error: unknown;
}

/** How an outcome stands on an attempt's record; nobody else is there to whom a task could be left. */
export function outcomeWord(outcome: Outcome): AttemptOutcome {
  return outcome.kind === 'declined' ? 'released' : recordedAs(outcome);
}

export function ranAttempt(store: string, { task, outcome }: HandFedAttempt, end: CallEnd): RanAttempt {
  const { id, queue, name, attempt } = task;
  return { id, store, queue, name, attempt, outcome: outcomeWord(outcome), error: errorOf(outcome, end) };
}

/** As it was thrown, or as it is stored where the library says what was wrong. */
export function errorOf(outcome: Outcome, end: CallEnd): unknown {
  const stored = 'error' in outcome ? outcome.error : undefined;
  if (!stored) return null;
  const { thrown } = end;
  return thrown instanceof Error && thrown.name === stored.name ? thrown : asThrown(stored);
}

/** The error of an attempt that failed, and not by its handler's own choice of a later time; null for any other. */
export function failureOf({ id, queue, name, attempt, outcome, error }: RanAttempt): TaskFailedInTestError | null {
  if (outcome !== 'failed' && outcome !== 'retried') return null;
  if (outcome === 'retried' && error instanceof Error && error.name === 'RetryLater') return null;
  const then = outcome === 'failed' ? 'and is not retried' : 'and is retried later';
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const message =
    `Task "${name}" (${id}) of queue "${queue}" failed in attempt ${attempt} ${then}: ${said}\n` +
    'Where that is expected, say so: { failures: "collect" }.';
  return new TaskFailedInTestError(message, id, name, error);
}

function asThrown({ name, message, stack }: TaskError): Error {
  const error = new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
