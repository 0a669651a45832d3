import type { AttemptOutcome, TaskError, TaskState } from '../../../contract/index.js';
import type { Outcome, TaskResult } from '../../port/index.js';
import { placeholders, statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';
import type { ClaimedTask } from './claim-tasks.js';
import { putResult } from './result-rows.js';
import { tellOfEnd } from './wake-tasks.js';
import { noteSlot } from './settle-keys.js';
import { keyKeptUntil } from './unique-keys.js';
import { noteFailure } from './fail-task.js';

/** Every statement that ends an attempt names its lease: where it was lost, nothing matches and nothing changes. */
export const LEASE = `seq = ? AND attempt = ? AND worker = ? AND state = 'running'`;

export const END_TASK = `
  UPDATE tasks_task
     SET state = ?, started_at = ?, finished_at = ?, expires_at = ?, max_attempts = ?
   WHERE ${LEASE}`;

export const INSERT_ATTEMPT = `
  INSERT INTO tasks_attempt (task, attempt, worker, started_at, finished_at, outcome, error_name, error_message, error_stack)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** How many tasks one statement completes: calling SQLite twice for each is a third of what that costs. Fewer go one by one. */
const SIZES = [50, 10] as const;

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

export interface Timing {
  /** When the handler was called; null where it was not. */
  readonly startedAt: number | null;
  readonly finishedAt: number;
}

/** The end of a task that does not run again by itself. */
export interface TaskEnd {
  readonly kind: 'completed' | 'failed' | 'cancelled';
  readonly maxAttempts: number | null;
  readonly keepFor: number | null;
  readonly error?: TaskError | null;
  readonly result?: TaskResult;
}

/** An attempt whose handler was called, and completed. */
export interface Completion {
  readonly task: ClaimedTask;
  readonly outcome: Outcome & { readonly kind: 'completed' };
  readonly timing: Timing & { readonly startedAt: number };
}

/** An attempt, as it stands on record once it has ended. */
export interface EndedAttempt {
  /** `seq` of its task. */
  readonly task: number;
  readonly attempt: number;
  readonly worker: string;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly outcome: AttemptOutcome;
  readonly error: TaskError | null;
}

/** What a failure without one is shown as. */
const NO_ERROR: TaskError = { name: 'Error', message: '' };

/** Ends a task. Returns false where its lease had been lost, and nothing was changed. */
export function endTask(transaction: Transaction, task: ClaimedTask, end: TaskEnd, timing: Timing): boolean {
  const { changes } = statement<(number | string | null)[]>(transaction.database, END_TASK).run(
    end.kind,
    timing.startedAt,
    timing.finishedAt,
    expiryOf(transaction, task, timing.finishedAt, end.keepFor),
    end.maxAttempts,
    task.seq,
    task.attempt,
    task.worker,
  );
  if (changes === 0) return false;
  if (end.result) putResult(transaction, task.seq, end.result, timing.finishedAt);
  if (end.kind === 'failed') noteFailure(transaction, task, end.error ?? NO_ERROR, timing.finishedAt);
  recordEnd(transaction, task, end.kind, end.kind, end.error ?? null, timing);
  if (task.traits) tellOfEnd(transaction, task, timing.finishedAt);
  transaction.tell(end.kind, task, end.error);
  return true;
}

/** When retention is over for a task that ends: not before its unique key is released. */
function expiryOf(transaction: Transaction, task: ClaimedTask, endedAt: number, keepFor: number | null): number | null {
  const keptUntil = task.traits ? keyKeptUntil(transaction.database, task.seq, task.traits) : null;
  return transaction.expiry(endedAt, keepFor, keptUntil);
}

/** Completes tasks; returns those whose lease had been lost, of which nothing was changed. */
export function completeTasks<C extends Completion>(transaction: Transaction, completions: readonly C[]): C[] {
  const lost: C[] = [];
  for (let start = 0; start < completions.length;) {
    const size = SIZES.find((candidate) => haveOneWorker(completions, start, start + candidate)) ?? 1;
    if (size === 1) {
      const one = completions[start]!;
      if (!endTask(transaction, one.task, one.outcome, one.timing)) lost.push(one);
    } else {
      const together = completions.slice(start, start + size);
      const kept = completeTogether(transaction, together);
      if (kept.length < size) lost.push(...together.filter((one) => !kept.includes(one)));
    }
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

/** Returns those whose lease was not lost. */
function completeTogether<C extends Completion>(transaction: Transaction, completions: readonly C[]): readonly C[] {
  const { worker } = completions[0]!.task;
  const parameters: (number | string | null)[] = [];
  for (const { task, timing, outcome } of completions) {
    const expiresAt = expiryOf(transaction, task, timing.finishedAt, outcome.keepFor);
    parameters.push(task.seq, task.attempt, timing.startedAt, timing.finishedAt, expiresAt, outcome.maxAttempts);
  }
  parameters.push(worker);
  const update = statement<unknown[], number>(transaction.database, COMPLETE_TASKS.get(completions.length)!).pluck();
  const held = new Set(update.all(parameters));
  if (held.size < completions.length) {
    // What is left may be of any number.
    const kept = completions.filter(({ task }) => held.has(task.seq));
    for (const { task, timing } of kept) {
      recordEnd(transaction, task, 'completed', 'completed', null, timing);
      transaction.tell('completed', task);
    }
    return kept;
  }
  const attempts: (number | string)[] = [worker];
  for (const { task, timing } of completions) {
    attempts.push(task.seq, task.attempt, timing.startedAt, timing.finishedAt);
    noteEnd(transaction, task, 'completed', 'completed', timing);
    transaction.tell('completed', task);
  }
  statement<unknown[]>(transaction.database, INSERT_ATTEMPTS.get(completions.length)!).run(attempts);
  return completions;
}

/** Puts an attempt that has ended on record, where it had begun, and notes it for those who count and watch. */
export function recordEnd(
  transaction: Transaction,
  task: ClaimedTask,
  state: TaskState,
  outcome: AttemptOutcome,
  error: TaskError | null,
  timing: Timing,
): void {
  const { startedAt, finishedAt } = timing;
  if (startedAt !== null) {
    const { seq, attempt, worker } = task;
    insertAttempt(transaction, { task: seq, attempt, worker, startedAt, finishedAt, outcome, error });
  }
  noteEnd(transaction, task, state, outcome, timing);
}

export function insertAttempt(transaction: Transaction, ended: EndedAttempt): void {
  statement<(number | string | null)[]>(transaction.database, INSERT_ATTEMPT).run(
    ended.task,
    ended.attempt,
    ended.worker,
    ended.startedAt,
    ended.finishedAt,
    ended.outcome,
    ended.error?.name ?? null,
    ended.error?.message ?? null,
    ended.error?.stack ?? null,
  );
}

function noteEnd(
  transaction: Transaction,
  task: ClaimedTask,
  state: TaskState,
  outcome: AttemptOutcome,
  { startedAt, finishedAt }: Timing,
): void {
  const { seq, queue, id, runAt, traits } = task;
  transaction.moved(queue, 'running', state);
  if (traits?.key !== undefined) noteSlot(transaction, { seq, queue, key: traits.key }, 'running', state);
  transaction.touch(queue, id);
  if (startedAt === null) return;
  const metric = transaction.metric(task, finishedAt);
  if (outcome === 'completed' || outcome === 'failed' || outcome === 'retried' || outcome === 'cancelled') {
    metric[outcome] += 1;
  }
  metric.waits.push(Math.max(0, startedAt - runAt));
  metric.runs.push(Math.max(0, finishedAt - startedAt));
}
