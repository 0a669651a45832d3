import type { JobsOptions } from 'bullmq';
import type { TaskAttempt, TaskLog, TaskProgress } from '../../../contract/index.js';
import type { TaskJob } from '../task-job.js';

/**
 * What a task went through in the store that it was moved from. BullMQ begins to count with a job's first attempt and
 * stores no job with a past, so its past stands beside its options; as text, as Redis gives an empty list back as an object.
 */
export interface Carried {
  /** Number of the last attempt there. */
  readonly attempt: number;
  readonly excused: number;
  readonly lost: number;
  /** It had failed, and so is to fail here, by a move of its own: see {@link isLanding}. */
  readonly failed: boolean;
  /** BullMQ's priority for it, once it has landed. */
  readonly priority: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly expiresAt: number | null;
  readonly progress: TaskProgress | null;
  readonly attempts: readonly TaskAttempt[];
  readonly logs: readonly TaskLog[];
}

const parsed = new WeakMap<JobsOptions, Carried>();

export function carriedOf({ opts }: Pick<TaskJob, 'opts'>): Carried | null {
  const text = (opts as { task?: { carried?: string } }).task?.carried;
  if (text === undefined) return null;
  let carried = parsed.get(opts);
  if (!carried) parsed.set(opts, (carried = JSON.parse(text) as Carried));
  return carried;
}

/**
 * Whether the job stands for a failed task that is not among the failed ones yet:
 *
 *     added at priority 0, which no other task has ──fetched──> failed, unrun ──> given its own priority
 *
 * Whoever fetches it in between fails it and runs nothing, be it the move or, after a crash of that, a worker.
 */
export function isLanding(job: TaskJob): boolean {
  return carriedOf(job)?.failed === true && !job.priority;
}

/** Attempts that the job's own counters do not know. A failed task's landing is its last attempt. */
export function attemptsBefore(job: Pick<TaskJob, 'opts'>): number {
  const carried = carriedOf(job);
  return carried ? carried.attempt - (carried.failed ? 1 : 0) : 0;
}

/** Whether nothing has happened to the task since it was moved. */
export function isAsCarried(job: Pick<TaskJob, 'opts' | 'attemptsStarted' | 'attemptsMade'>): boolean {
  const carried = carriedOf(job);
  if (!carried) return false;
  return carried.failed ? job.attemptsStarted === 1 && job.attemptsMade === 1 : job.attemptsStarted === 0;
}

/** Options of a job that begins anew. */
export function withoutPast(opts: JobsOptions): JobsOptions {
  const { task, ...others } = opts as JobsOptions & { task?: { carried?: string } };
  if (task?.carried === undefined) return opts;
  const { carried: _carried, ...notes } = task;
  return { ...others, task: notes } as JobsOptions;
}
