import type { Task, TaskAttempt } from '../api-types.js';

type AttemptOutcome = NonNullable<TaskAttempt['outcome']>;

/** A stretch of a task's time. */
export interface Stretch {
  readonly what: string;
  /** What more is to be said of it, such as how an attempt ended. */
  readonly detail: string;
  readonly kind: 'waited' | 'backoff' | 'scheduled' | 'running' | AttemptOutcome;
  readonly from: number;
  /** Null: it lasts. */
  readonly to: number | null;
}

type Lived = Pick<Task, 'state' | 'createdAt' | 'runAt' | 'attempts' | 'finishedAt'>;

/** What a task's time went by with: waiting, attempts, and the pauses between them. */
export function stretchesOf({ state, createdAt, runAt, attempts, finishedAt }: Lived): Stretch[] {
  const stretches: Stretch[] = [];
  let end = createdAt;
  for (const [index, { attempt, startedAt, finishedAt: ended, outcome, error }] of attempts.entries()) {
    if (startedAt > end) {
      const isFirst = index === 0;
      stretches.push({
        what: isFirst ? 'waited' : 'backoff',
        detail: '',
        kind: isFirst ? 'waited' : 'backoff',
        from: end,
        to: startedAt,
      });
    }
    const why = error ? ` · ${error.name}` : '';
    stretches.push({
      what: `Attempt ${attempt}`,
      detail: `${outcome ?? 'running'}${why}`,
      kind: outcome ?? 'running',
      from: startedAt,
      to: ended,
    });
    end = ended ?? startedAt;
  }
  if (state === 'scheduled' || state === 'retryable') {
    stretches.push({
      what: attempts.length > 0 ? 'backoff' : 'scheduled',
      detail: 'due',
      kind: attempts.length > 0 ? 'backoff' : 'scheduled',
      from: end,
      to: runAt,
    });
  } else if (state === 'available') {
    stretches.push({
      what: 'waiting',
      detail: '',
      kind: 'waited',
      from: Math.max(end, Math.min(runAt, end)),
      to: null,
    });
  } else if (finishedAt !== null && attempts.length === 0) {
    stretches.push({ what: state, detail: 'before it ran', kind: 'waited', from: createdAt, to: finishedAt });
  }
  return stretches;
}
