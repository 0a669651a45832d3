import { lapseError, readableParams } from '../common/index.js';
import type { EngineContext } from '../port/index.js';
import {
  type Task,
  type TaskAttempt,
  type TaskError,
  type TaskLog,
  type TaskProgress,
  type TaskState,
  type TaskSummary,
} from '../../contract/index.js';
import { lostError } from './lost-error.js';
import { plainError, recordsIn, type AttemptRecord } from './attempt-record.js';
import { cancelledNotes } from './cancelled.js';
import { isDeclined, unhandledSince } from './declined.js';
import { taskIdOf } from './job-ids.js';
import { attemptsNoted, resultOfJob, type ResultRow, resultRowIn } from './job-result.js';
import type { ChildRow } from './running-job.js';
import { suspensionIn } from './steps/suspended-jobs.js';
import type { TaskJob } from './task-job.js';
import { attemptOf, excusedAttempts, isRescheduled, notesOf, paramsOf, priorityOf, runAtOf } from './stored-job.js';
import { carriedOf, isAsCarried } from './transfer/carried.js';

/** BullMQ's lists of jobs, and the state that a task in each of them has. */
export const LISTS = [
  'active',
  'delayed',
  'waiting',
  'prioritized',
  'waiting-children',
  'completed',
  'failed',
] as const;
export type List = (typeof LISTS)[number] | 'cancelled';

/** BullMQ holds back what was never due, what failed before and what waits for something: the attempts tell one from the other. */
export function stateOf(list: string, job: Pick<TaskJob, 'opts' | 'attemptsStarted' | 'stacktrace'>): TaskState {
  if (list === 'active') return 'running';
  if (list === 'waiting-children') return 'blocked';
  if (list === 'delayed') return attemptOf(job) === 0 ? 'scheduled' : suspensionIn(job) ? 'suspended' : 'retryable';
  if (list === 'completed' || list === 'failed' || list === 'cancelled') return list;
  return 'available';
}

/** A job as the panel shows it: as a task. */
export class JobView {
  constructor(
    private readonly mask: EngineContext['mask'],
    private readonly sensitiveOf: (name: string) => readonly string[],
    private readonly shownId: (queue: string, jobId: string) => string = (_queue, jobId) => taskIdOf(jobId),
  ) {}

  summary(queue: string, job: TaskJob, state: TaskState): TaskSummary {
    const cancelled = cancelledNotes(job);
    const carried = isAsCarried(job) ? carriedOf(job) : null;
    const attempt = cancelled?.attemptsStarted ?? attemptOf(job);
    const records = recordsOf(job);
    const last = records.findLast((record) => record.error && !isDeclined(record));
    const waits = state === 'retryable' || state === 'suspended';
    const waitingFor = state === 'suspended' ? suspensionIn(job) : undefined;
    const runAt = waits && !isRescheduled(job) ? records.at(-1)?.runAt : undefined;
    const unhandled = ['available', 'retryable', 'running'].includes(state) ? unhandledSince(records) : undefined;
    return {
      id: this.shownId(queue, job.id!),
      queue,
      name: job.name,
      state,
      ...this.params(job),
      priority: priorityOf(job),
      attempt,
      maxAttempts: maxAttempts(job, state),
      runAt: runAt ?? runAtOf(job),
      createdAt: job.timestamp,
      startedAt: carried ? carried.startedAt : (job.processedOn ?? records.at(-1)?.startedAt ?? null),
      finishedAt: cancelled?.cancelledAt ?? (carried ? carried.finishedAt : (job.finishedOn ?? null)),
      progress: progressOf(job) ?? carried?.progress ?? null,
      error: lapseError(notesOf(job).traits) ?? last?.error ?? (state === 'failed' ? bullmqError(job) : null),
      ...notesOf(job).traits,
      ...(waitingFor && { waitingFor }),
      ...(unhandled !== undefined && { unhandledSince: unhandled }),
    };
  }

  task(queue: string, job: TaskJob, state: TaskState, rows: readonly string[]): Task {
    const parsed = rows.map(parseRow);
    const own = parsed.filter((row): row is TaskLog => row !== null && 'message' in row);
    const logs = [...(carriedOf(job)?.logs ?? []), ...own];
    const noted = parsed.filter((row): row is AttemptRecord => row !== null && 'outcome' in row);
    const summary = this.summary(queue, job, state);
    const attempts = attemptsOf(job, state, noted);
    const row = state === 'completed' ? resultRowIn(job, parsed) : null;
    return {
      ...summary,
      ...(row && { maxAttempts: row.maxAttempts === null ? null : row.maxAttempts + excusedAttempts(job, false) }),
      ...(state === 'completed' && this.result(job, row)),
      error: summary.error ?? attempts.findLast((attempt) => attempt.error && !isDeclined(attempt))?.error ?? null,
      attempts,
      logs,
      parentId: notesOf(job).parentId ?? null,
      children: [],
    };
  }

  private result(job: TaskJob, row: ResultRow['result'] | null): Pick<Task, 'result'> {
    const json = resultOfJob(job, row);
    if (json === null) return {};
    const value: unknown = JSON.parse(json);
    return { result: row && row.sensitive.length > 0 ? this.mask(value, row.sensitive) : value };
  }

  private params(job: TaskJob): Pick<TaskSummary, 'params' | 'paramsUnreadable'> {
    const sensitive = [...notesOf(job).sensitive, ...this.sensitiveOf(job.name)];
    return readableParams(paramsOf(job), sensitive, this.mask);
  }
}

function recordsOf(job: TaskJob): AttemptRecord[] {
  const cancelled = cancelledNotes(job);
  const carried = (carriedOf(job)?.attempts ?? []) as readonly AttemptRecord[];
  const stacks = recordsIn(cancelled?.stacktrace ?? job.stacktrace);
  const records = [...carried, ...stacks.filter(({ attempt }) => !carried.some((known) => known.attempt === attempt))];
  return cancelled?.last ? [...records, cancelled.last] : records;
}

function maxAttempts(job: TaskJob, state: TaskState): number | null {
  const cancelled = cancelledNotes(job);
  const given = attemptsNoted(job.returnvalue) ?? notesOf(job).maxAttempts;
  if (given === null) return null;
  const excused = cancelled
    ? Math.max(0, cancelled.attemptsStarted - cancelled.attemptsMade - (cancelled.last ? 1 : 0))
    : excusedAttempts(job, state === 'running');
  return given + excused;
}

function progressOf({ progress }: TaskJob): TaskProgress | null {
  if (typeof progress === 'number') return progress > 0 ? { percent: progress } : null;
  return typeof progress === 'object' && 'percent' in progress ? (progress as unknown as TaskProgress) : null;
}

function bullmqError(job: TaskJob): TaskError {
  return lostError(job) ?? plainError(job.failedReason, job.stacktrace?.at(-1));
}

/** The attempts on record, the last one by BullMQ's own fields; a missing one is known only as lost. */
function attemptsOf(job: TaskJob, state: TaskState, noted: readonly AttemptRecord[]): TaskAttempt[] {
  const known = new Map<number, TaskAttempt>();
  for (const { runAt: _runAt, waitingFor: _waitingFor, ...record } of [...noted, ...recordsOf(job)])
    known.set(record.attempt, record);
  const cancelled = cancelledNotes(job);
  const count = cancelled?.attemptsStarted ?? attemptOf(job);
  const carried = carriedOf(job)?.attempt ?? 0;
  const attempts: TaskAttempt[] = [];
  for (let attempt = 1; attempt <= count; attempt += 1) {
    const record = known.get(attempt);
    if (record) attempts.push(record);
    // An attempt without a record in the store that the task was moved from never began.
    else if (attempt <= carried) continue;
    else if (attempt === count && !cancelled) attempts.push(lastAttempt(job, state));
    else attempts.push({ attempt, worker: 'unknown', startedAt: job.timestamp, finishedAt: null, outcome: 'lost' });
  }
  return attempts;
}

function lastAttempt(job: TaskJob, state: TaskState): TaskAttempt {
  const outcome =
    state === 'running' ? null : state === 'completed' ? 'completed' : state === 'failed' ? 'failed' : 'lost';
  return {
    attempt: attemptOf(job),
    worker: job.processedBy ?? 'unknown',
    startedAt: job.processedOn ?? job.timestamp,
    finishedAt: job.finishedOn ?? null,
    outcome,
    ...(outcome === 'failed' && { error: bullmqError(job) }),
  };
}

/** What the task's handler enqueued by the rows of its log, each once: also such as was there, and may be another's. */
export function childrenIn(rows: readonly string[]): Array<ChildRow['child']> {
  const noted = rows.map(parseRow).filter((row): row is ChildRow => row !== null && 'child' in row);
  return [...new Map(noted.map(({ child }) => [child.id, child])).values()];
}

export function parseRow(row: string): TaskLog | AttemptRecord | ChildRow | ResultRow | null {
  try {
    const parsed = JSON.parse(row) as TaskLog | AttemptRecord | ChildRow | ResultRow;
    // Other code logs whatever it likes.
    return typeof parsed === 'object' ? parsed : null;
  } catch {
    return null;
  }
}
