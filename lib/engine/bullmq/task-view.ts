import type { EngineContext } from '../task-engine.js';
import { MOST_CHILDREN_LISTED } from '../task.js';
import type { Task, TaskAttempt, TaskError, TaskLog, TaskProgress, TaskState, TaskSummary } from '../task.js';
import { plainError, recordsIn, type AttemptRecord } from './attempt-record.js';
import { cancelledNotes } from './cancelled.js';
import type { ChildRow } from './running-job.js';
import { attemptOf, excusedAttempts, notesOf, paramsOf, priorityOf, runAtOf, type TaskJob } from './stored-job.js';
import { carriedOf, isAsCarried } from './transfer/carried.js';

/** BullMQ's lists of jobs, and the state that a task in each of them has. */
export const LISTS = ['active', 'delayed', 'waiting', 'prioritized', 'completed', 'failed'] as const;
export type List = (typeof LISTS)[number] | 'cancelled';

/** BullMQ holds back both what was never due and what failed before: the attempts tell one from the other. */
export function stateOf(list: string, job: Pick<TaskJob, 'opts' | 'attemptsStarted'>): TaskState {
  if (list === 'active') return 'running';
  if (list === 'delayed') return attemptOf(job) > 0 ? 'retryable' : 'scheduled';
  if (list === 'completed' || list === 'failed' || list === 'cancelled') return list;
  return 'available';
}

/** A job as the panel shows it. */
export class TaskView {
  constructor(
    private readonly mask: EngineContext['mask'],
    private readonly sensitiveOf: (name: string) => readonly string[],
    private readonly shownId: (queue: string, jobId: string) => string = (_queue, jobId) => jobId,
  ) {}

  summary(queue: string, job: TaskJob, state: TaskState): TaskSummary {
    const cancelled = cancelledNotes(job);
    const carried = isAsCarried(job) ? carriedOf(job) : null;
    const attempt = cancelled?.attemptsStarted ?? attemptOf(job);
    const records = recordsOf(job);
    const last = records.findLast(({ error }) => error);
    const runAt = state === 'retryable' ? records.at(-1)?.runAt : undefined;
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
      error: last?.error ?? (state === 'failed' ? bullmqError(job) : null),
    };
  }

  task(queue: string, job: TaskJob, state: TaskState, rows: readonly string[]): Task {
    const parsed = rows.map(parseRow);
    const own = parsed.filter((row): row is TaskLog => row !== null && 'message' in row);
    const logs = [...(carriedOf(job)?.logs ?? []), ...own];
    const noted = parsed.filter((row): row is AttemptRecord => row !== null && 'outcome' in row);
    const summary = this.summary(queue, job, state);
    const attempts = attemptsOf(job, state, noted);
    return {
      ...summary,
      error: summary.error ?? attempts.findLast(({ error }) => error)?.error ?? null,
      attempts,
      logs,
      parentId: notesOf(job).parentId ?? null,
      children: [],
    };
  }

  private params(job: TaskJob): Pick<TaskSummary, 'params' | 'paramsUnreadable'> {
    try {
      const sensitive = [...notesOf(job).sensitive, ...this.sensitiveOf(job.name)];
      const params: unknown = JSON.parse(paramsOf(job));
      return { params: sensitive.length > 0 ? this.mask(params, sensitive) : params };
    } catch {
      return { params: null, paramsUnreadable: true };
    }
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
  const given = (job.returnvalue as { maxAttempts?: number } | null)?.maxAttempts ?? notesOf(job).maxAttempts;
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
  return plainError(job.failedReason, job.stacktrace?.at(-1));
}

/** Those on record, the last one by BullMQ's own fields, and of any that is missing only that it was lost. */
function attemptsOf(job: TaskJob, state: TaskState, noted: readonly AttemptRecord[]): TaskAttempt[] {
  const known = new Map<number, TaskAttempt>();
  for (const { runAt: _runAt, ...record } of [...noted, ...recordsOf(job)]) known.set(record.attempt, record);
  const cancelled = cancelledNotes(job);
  const count = cancelled?.attemptsStarted ?? attemptOf(job);
  const carried = carriedOf(job)?.attempt ?? 0;
  const attempts: TaskAttempt[] = [];
  for (let attempt = 1; attempt <= count; attempt += 1) {
    const record = known.get(attempt);
    if (record) attempts.push(record);
    // What has no record in the store that the task was moved from never began.
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

/** What the task's handler enqueued, by the rows of its log. */
export function childrenIn(rows: readonly string[]): Array<ChildRow['child']> {
  const noted = rows.map(parseRow).filter((row): row is ChildRow => row !== null && 'child' in row);
  return noted.slice(0, MOST_CHILDREN_LISTED).map(({ child }) => child);
}

function parseRow(row: string): TaskLog | AttemptRecord | ChildRow | null {
  try {
    const parsed = JSON.parse(row) as TaskLog | AttemptRecord | ChildRow;
    // Other code logs whatever it likes.
    return typeof parsed === 'object' ? parsed : null;
  } catch {
    return null;
  }
}
