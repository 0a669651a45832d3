import type { Outcome } from '../../task-engine.js';
import { placeholders, statement } from '../statement.js';
import type { Transaction } from '../transaction.js';
import type { ClaimedTask } from './claim-tasks.js';
import { finishAttempt, noteEnd, type Timing } from './finish-attempt.js';
import { insertAttempt } from './insert-attempt.js';

/** How many tasks one statement completes: calling SQLite twice for each is a third of what that costs. Fewer go one by one. */
const SIZES = [50, 10] as const;

/** An attempt whose handler was called, and completed. */
export interface Completion {
  readonly task: ClaimedTask;
  readonly outcome: Outcome & { readonly kind: 'completed' };
  readonly timing: Timing & { readonly startedAt: number };
}

/** Like `END_TASK`, for many that are held by one worker. Returns those whose lease was not lost. */
export const COMPLETE_TASKS = new Map<number, string>(
  SIZES.map((size) => [
    size,
    `
  UPDATE tasks_task
     SET state = 'completed', started_at = column3, finished_at = column4, expires_at = column5, max_attempts = column6
    FROM (VALUES ${placeholders(6, size)})
   WHERE seq = column1 AND attempt = column2 AND worker = ? AND state = 'running'
  RETURNING seq`,
  ]),
);

/** Like `INSERT_ATTEMPT`, for up to as many. */
export const INSERT_ATTEMPTS = new Map<number, string>(
  SIZES.map((size) => [
    size,
    `
  INSERT INTO tasks_attempt (task, attempt, worker, started_at, finished_at, outcome)
  SELECT column1, column2, ?, column3, column4, 'completed' FROM (VALUES ${placeholders(4, size)})`,
  ]),
);

/** Completes tasks; returns those whose lease had been lost, of which nothing was changed. */
export function completeTasks<C extends Completion>(transaction: Transaction, completions: readonly C[]): C[] {
  const lost: C[] = [];
  for (let start = 0; start < completions.length;) {
    const size = SIZES.find((candidate) => haveOneWorker(completions, start, start + candidate)) ?? 1;
    const together = completions.slice(start, start + size);
    const kept = size === 1 ? completeAlone(transaction, together) : completeTogether(transaction, together);
    if (kept.length < size) lost.push(...together.filter((one) => !kept.includes(one)));
    start += size;
  }
  return lost;
}

/** A process that was taken for dead has another name from then on. */
function haveOneWorker(completions: readonly Completion[], start: number, end: number): boolean {
  if (end > completions.length) return false;
  const { worker } = completions[start]!.task;
  for (let index = start + 1; index < end; index += 1) if (completions[index]!.task.worker !== worker) return false;
  return true;
}

function completeAlone<C extends Completion>(transaction: Transaction, one: readonly C[]): readonly C[] {
  return one.filter(({ task, outcome, timing }) => finishAttempt(transaction, task, outcome, timing));
}

function completeTogether<C extends Completion>(transaction: Transaction, completions: readonly C[]): readonly C[] {
  const { worker } = completions[0]!.task;
  const parameters: (number | string | null)[] = [];
  for (const { task, timing, outcome } of completions) {
    const expiresAt = transaction.expiry(timing.finishedAt, outcome.keepFor);
    parameters.push(task.seq, task.attempt, timing.startedAt, timing.finishedAt, expiresAt, outcome.maxAttempts);
  }
  parameters.push(worker);
  const update = statement<unknown[], number>(transaction.database, COMPLETE_TASKS.get(completions.length)!).pluck();
  const held = update.all(parameters);
  const kept = held.length === completions.length ? completions : those(completions, new Set(held));
  record(transaction, kept, worker);
  for (const { task, timing } of kept) noteEnd(transaction, task, 'completed', 'completed', timing);
  return kept;
}

function those<C extends Completion>(completions: readonly C[], seqs: ReadonlySet<number>): C[] {
  return completions.filter(({ task }) => seqs.has(task.seq));
}

/** Puts the attempts on record. Where leases were lost, what is left may be of any number. */
function record(transaction: Transaction, completions: readonly Completion[], worker: string): void {
  const together = INSERT_ATTEMPTS.get(completions.length);
  if (together === undefined) {
    for (const { task, timing } of completions) {
      const { seq, attempt } = task;
      insertAttempt(transaction, { task: seq, attempt, worker, ...timing, outcome: 'completed', error: null });
    }
    return;
  }
  const parameters: (number | string)[] = [worker];
  for (const { task, timing } of completions) {
    parameters.push(task.seq, task.attempt, timing.startedAt, timing.finishedAt);
  }
  statement<unknown[]>(transaction.database, together).run(parameters);
}
