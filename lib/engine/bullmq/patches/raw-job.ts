import type { TaskJobJson } from '../task-job.js';

/** The fields of a job's hash in Redis, by BullMQ's own names, but for what may be large; the first is there in every job. */
export const JOB_FIELDS = [
  'timestamp',
  'name',
  'opts',
  'progress',
  'delay',
  'priority',
  'ats',
  'atm',
  'attemptsMade',
  'stc',
  'finishedOn',
  'processedOn',
  'failedReason',
  'defa',
  'stacktrace',
  'pb',
  'parentKey',
] as const;

/** A job's row in PostgreSQL, by BullMQ's own columns. Numbers of 64 bits are texts in pg. */
export interface JobRow {
  readonly id: string;
  readonly name: string;
  readonly data: string | null;
  readonly opts: TaskJobJson['opts'];
  readonly progress: TaskJobJson['progress'] | null;
  readonly priority: number;
  readonly attempts_started: number;
  readonly attempts_made: number;
  readonly stalled_count: number;
  readonly failed_reason: string | null;
  readonly deferred_failure: string | null;
  readonly stacktrace: string | null;
  readonly processed_by: string | null;
  readonly parent_key: string | null;
  readonly returnvalue: string | null;
  readonly added_at_ms: string;
  readonly delay_ms: string | null;
  readonly finished_at_ms: string | null;
  readonly processed_at_ms: string | null;
}

/** The columns of {@link JobRow}, without the steps that stand in the options. */
export function jobColumns(withData: boolean): string {
  return `
    id, name, ${withData ? 'data::text' : 'NULL'} AS data, opts - ARRAY['steps', 'signals', 'waits'] AS opts,
    progress, delay_ms, priority, attempts_started, attempts_made, stalled_count, added_at_ms, finished_at_ms,
    processed_at_ms, failed_reason, deferred_failure, stacktrace::text AS stacktrace, processed_by, parent_key`;
}

/** @returns as BullMQ reads it; null where there is no such job */
export function jsonOfHash(fields: readonly string[], values: ReadonlyArray<string | null>): TaskJobJson | null {
  const raw: Partial<Record<string, string | null>> = Object.fromEntries(
    fields.map((field, index) => [field, values[index]]),
  );
  if (raw.timestamp == null) return null;
  return json({
    name: raw.name ?? '',
    data: raw.data,
    opts: JSON.parse(raw.opts ?? '{}') as TaskJobJson['opts'],
    progress: JSON.parse(raw.progress ?? '0') as TaskJobJson['progress'],
    delay: Number(raw.delay ?? 0),
    priority: Number(raw.priority ?? 0),
    timestamp: Number(raw.timestamp),
    attemptsStarted: Number(raw.ats ?? 0),
    attemptsMade: Number(raw.attemptsMade ?? raw.atm ?? 0),
    stalledCounter: Number(raw.stc ?? 0),
    finishedOn: numberOf(raw.finishedOn),
    processedOn: numberOf(raw.processedOn),
    failedReason: raw.failedReason,
    deferredFailure: raw.defa,
    stacktrace: raw.stacktrace,
    returnvalue: raw.returnvalue,
    processedBy: raw.pb,
    parentKey: raw.parentKey,
  });
}

export function jsonOfRow(row: JobRow): TaskJobJson {
  return json({
    name: row.name,
    data: row.data,
    opts: row.opts,
    progress: row.progress ?? 0,
    delay: Number(row.delay_ms ?? 0),
    priority: row.priority,
    timestamp: Number(row.added_at_ms),
    attemptsStarted: row.attempts_started,
    attemptsMade: row.attempts_made,
    stalledCounter: row.stalled_count,
    finishedOn: numberOf(row.finished_at_ms),
    processedOn: numberOf(row.processed_at_ms),
    failedReason: row.failed_reason,
    deferredFailure: row.deferred_failure,
    stacktrace: row.stacktrace,
    returnvalue: row.returnvalue,
    processedBy: row.processed_by,
    parentKey: row.parent_key,
  });
}

type Loose<T> = { readonly [Key in keyof T]?: T[Key] | null | undefined };

/** BullMQ's type has no null, and no undefined where it leaves a field out. */
function json(fields: Loose<TaskJobJson>): TaskJobJson {
  const there = Object.entries({ ...fields, data: fields.data ?? '{}' }).filter(([, value]) => value != null);
  return Object.fromEntries(there) as unknown as TaskJobJson;
}

function numberOf(text: string | null | undefined): number | undefined {
  return text == null ? undefined : Number(text);
}
