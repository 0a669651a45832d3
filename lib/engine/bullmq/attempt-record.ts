import type { AttemptOutcome, TaskAttempt, TaskError, WaitingFor } from '../../contract/index.js';

/**
 * BullMQ keeps the stack of each error and no more. So the stack that it is given ends with a line that tells the rest
 * of the attempt, and is stored in the same step as what becomes of the task.
 */
const MARK = '\n    -- attempt ';

export interface AttemptRecord extends TaskAttempt {
  readonly outcome: AttemptOutcome;
  readonly finishedAt: number;
  /** When the next attempt is due. */
  readonly runAt?: number;
  /** What the task was put aside for. */
  readonly waitingFor?: WaitingFor;
}

export function toStack(record: AttemptRecord): string {
  const { error, ...rest } = record;
  const { stack, ...named } = error ?? {};
  return `${stack ?? ''}${MARK}${JSON.stringify({ ...rest, error: error ? named : undefined })}`;
}

/** Null for a stack that other code stored. */
function fromStack(text: string): AttemptRecord | null {
  const at = text.lastIndexOf(MARK);
  if (at < 0) return null;
  try {
    const record = JSON.parse(text.slice(at + MARK.length)) as AttemptRecord;
    if (!record.error) return record;
    const stack = text.slice(0, at);
    return { ...record, error: { ...record.error, ...(stack === '' ? {} : { stack }) } };
  } catch {
    return null;
  }
}

/** Reads attempts from stacks, the first one first. */
export function recordsIn(stacks: readonly string[] | null | undefined): AttemptRecord[] {
  return (stacks ?? []).map(fromStack).filter((record) => record !== null);
}

/** How an attempt failed, as BullMQ stores it: it takes an Error's message and stack. */
export class AttemptError extends Error {
  override readonly name = 'AttemptError';

  /** @param delay milliseconds until the next attempt; null: there is none */
  constructor(
    readonly record: AttemptRecord,
    readonly delay: number | null,
  ) {
    super(record.error?.message ?? record.outcome);
    this.stack = toStack(record);
  }
}

/** The error of a job that other code recorded, or BullMQ itself. */
export function plainError(reason: string, stack: string | undefined): TaskError {
  const name = /^([A-Za-z]\w*Error): /.exec(stack ?? '')?.[1] ?? 'Error';
  return { name, message: reason, ...(stack ? { stack } : {}) };
}
