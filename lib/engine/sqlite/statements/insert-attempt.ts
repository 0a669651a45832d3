import type { AttemptOutcome, TaskError } from '../../task.js';
import { statement } from '../statement.js';
import type { Transaction } from '../transaction.js';

export const INSERT_ATTEMPT = `
  INSERT INTO tasks_attempt (task, attempt, worker, started_at, finished_at, outcome, error_name, error_message, error_stack)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;

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

/** Puts an attempt that has ended on record. */
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
