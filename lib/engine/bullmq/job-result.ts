import { wallTime } from '../../clock/index.js';
import type { Outcome, TaskResult } from '../port/index.js';
import { attemptOf, notesOf } from './stored-job.js';
import type { TaskJob } from './task-job.js';

export const ENCODED_RESULT = 'nestjs-tasks:result';
/** A job of a workflow that was cancelled returns this, as BullMQ has no end of that kind: see `cancelledValue`. */
export const ENDED = 'nestjs-tasks:ended';

/**
 * Stands as the last row of a job's log before it completes, as BullMQ has no place beside the return value: what is to be
 * known of that, where it is more than the value itself.
 */
export interface ResultRow {
  readonly result: Pick<TaskResult, 'keepFor' | 'sensitive'> & {
    readonly attempt: number;
    readonly maxAttempts: number | null;
  };
}

type Completed = Outcome & { readonly kind: 'completed' };

/** What is to be noted of a result before its job completes; null where its value says it all. */
export function rowOfResult(job: TaskJob, { result, maxAttempts }: Completed): ResultRow | null {
  if (!result) return null;
  const { keepFor, sensitive, json } = result;
  const isPlain = keepFor === null && sensitive.length === 0 && json !== 'null';
  if (isPlain && notesOf(job).maxAttempts === maxAttempts) return null;
  return { result: { attempt: attemptOf(job), keepFor, sensitive, maxAttempts } };
}

/** A job's return value: the result itself, for any other code to read; else a note of the attempts where one is needed. */
export function returnValueOf(job: TaskJob, { result, maxAttempts }: Completed): unknown {
  if (!result) return job.opts.attempts === maxAttempts ? undefined : { maxAttempts };
  const value: unknown = JSON.parse(result.json);
  return isStorable(result.json, value) ? value : { [ENCODED_RESULT]: Buffer.from(result.json).toString('base64') };
}

/** PostgreSQL's jsonb holds neither NUL nor half of a surrogate pair; and what looks like a note would be taken for one. */
function isStorable(json: string, value: unknown): boolean {
  if (/\\u(?:0000|d[89a-f])/i.test(json)) return false;
  return attemptsNoted(value) === undefined && !(isObject(value) && (ENCODED_RESULT in value || ENDED in value));
}

/** The attempts that a return value notes of a task whose result is not kept; undefined for a result. */
export function attemptsNoted(value: unknown): number | null | undefined {
  if (!isObject(value) || Object.keys(value).length !== 1) return undefined;
  const { maxAttempts } = value as { maxAttempts?: unknown };
  return typeof maxAttempts === 'number' ? maxAttempts : undefined;
}

/** The row that was noted of the result of this job, among `rows` of its log; null where there is none. */
export function resultRowIn(job: TaskJob, rows: readonly unknown[]): ResultRow['result'] | null {
  const found = rows.findLast((row): row is ResultRow => isObject(row) && 'result' in row);
  return found && isObject(found.result) && found.result.attempt === attemptOf(job) ? found.result : null;
}

/** The result of a job that has completed, as JSON; null where none is kept, or not any more. */
export function resultOfJob(job: TaskJob, row: ResultRow['result'] | null): string | null {
  const value: unknown = job.returnvalue;
  if (row && row.keepFor !== null && (job.finishedOn ?? 0) + row.keepFor <= wallTime()) return null;
  if (value === null || value === undefined) return row ? 'null' : null;
  if (attemptsNoted(value) !== undefined) return null;
  const encoded = isObject(value) ? (value as Record<string, unknown>)[ENCODED_RESULT] : undefined;
  return typeof encoded === 'string' ? Buffer.from(encoded, 'base64').toString() : JSON.stringify(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
