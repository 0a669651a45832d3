import { createHash } from 'node:crypto';
import type { MovedState, StoredTask } from '../../lib/engine/port/transfer-store.js';

/** The facts about a task that two stores have to agree on. */
export interface Row {
  readonly id: string;
  readonly queue: string;
  readonly state: MovedState;
  /** SHA-256 of everything, in one form for all stores. */
  readonly digest: string;
}

/**
 * @param at the time by which a task counts as due: a store may note at any moment that its time has come
 */
export function rowOf(task: StoredTask, at: number): Row {
  const state = stateAt(task, at);
  const content = [
    task.id,
    task.queue,
    task.name,
    state,
    jsonOf(task.params),
    task.priority,
    task.runAt,
    task.createdAt,
    task.maxAttempts,
    task.settings,
    task.sensitive,
    task.parentId ?? null,
    traitsOf(task),
    task.attempt,
    task.excusedAttempts,
    task.startedAt,
    state === 'failed' ? task.finishedAt : null,
    task.progress && [task.progress.percent, task.progress.message ?? null],
    task.attempts.map(({ attempt, worker, startedAt, finishedAt, outcome, error }) => [
      attempt,
      worker,
      startedAt,
      finishedAt,
      outcome,
      error ? [error.name, error.message, error.stack ?? null] : null,
    ]),
    task.logs.map(({ at: time, attempt, message }) => [time, attempt, message]),
  ];
  const digest = createHash('sha256').update(JSON.stringify(content)).digest('base64');
  return { id: task.id, queue: task.queue, state, digest };
}

export function isAlike(one: Row, other: Row): boolean {
  return one.digest === other.digest && one.queue === other.queue && one.state === other.state;
}

/** Without the claim on a unique key, which each store keeps in its own way. */
function traitsOf({ traits = {} }: StoredTask): unknown {
  const { startBy, deadlineAt, tags, version, reason } = traits;
  return [startBy ?? null, deadlineAt ?? null, sorted(tags ?? null), version ?? 1, reason ?? null];
}

function stateAt({ state, runAt, attempt }: StoredTask, at: number): MovedState {
  if (state === 'failed') return state;
  if (runAt <= at) return 'available';
  return attempt > 0 ? 'retryable' : 'scheduled';
}

/** Stores keep the values of JSON, and not how it is written. */
function jsonOf(text: string): string {
  try {
    return JSON.stringify(sorted(JSON.parse(text)));
  } catch {
    return text;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return entries.map(([key, own]) => [key, sorted(own)]);
}
