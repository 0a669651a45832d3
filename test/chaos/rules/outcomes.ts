import { type AttemptOutcome, ENDED_STATES, type TaskState } from '../../../lib/contract/index.js';
import type { Run, StoredTask, TaskHistory } from '../history.js';

/** Outcomes of attempts that count against the retries. */
export const COUNTED: ReadonlySet<AttemptOutcome | null> = new Set(['retried', 'completed', 'failed', 'cancelled']);
/** Outcomes of attempts whose owner lost the task before its handler had to end. */
export const GIVEN_UP: ReadonlySet<AttemptOutcome | null> = new Set(['lost', 'released']);

export function hasEnded(state: TaskState): boolean {
  return ENDED_STATES.some((ended) => ended === state);
}

export function outcomeOf(stored: StoredTask | null, attempt: number): AttemptOutcome | null {
  return stored?.attempts.find((one) => one.attempt === attempt)?.outcome ?? null;
}

export function runOf({ runs }: TaskHistory, attempt: number): Run | undefined {
  return runs.find((run) => run.attempt === attempt);
}

/** Attempts in a row, up to the last one, that ended with their process. One that was released says nothing either way. */
export function lostAtTheEnd({ attempts }: StoredTask): StoredTask['attempts'] {
  const last = attempts.findLastIndex(({ outcome }) => !GIVEN_UP.has(outcome));
  return attempts.slice(last + 1).filter(({ outcome }) => outcome === 'lost');
}
