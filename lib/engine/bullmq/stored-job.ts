import type { IQueueBackend, Job, JobsOptions } from 'bullmq';
import type { NewTask } from '../task-engine.js';
import { attemptsBefore, carriedOf } from './transfer/carried.js';

/** The params of a task, as any BullMQ tool shows them; those that it could not hold are in base64 under one key. */
export type StoredJob = Record<string, unknown>;

export type TaskJob = Job<StoredJob, unknown, string>;

/** A job as BullMQ hands it to its store. */
export type TaskJobJson = Parameters<IQueueBackend['addJob']>[0];

/** What of it a new one has. */
export type NewJob = Pick<TaskJobJson, 'id' | 'name' | 'data' | 'opts' | 'timestamp'>;

const ENCODED = 'nestjs-tasks:params';

/** BullMQ serves 1 first and the greatest number last, and what has none before all others. */
const PRIORITY_ZERO = 1_000_001;

/** What the library adds to a job's options. */
export interface TaskNotes {
  readonly maxAttempts: number | null;
  readonly settings: string | null;
  readonly sensitive: readonly string[];
  /** Where it was due before it was enqueued, as a run that makes up for a missed tick is; or in another store. */
  readonly runAt?: number | undefined;
  /** The task whose handler enqueued it. */
  readonly parentId?: string | undefined;
  /** Its past in the store that it was moved from: see `Carried`. */
  readonly carried?: string | undefined;
}

export function toJob(task: NewTask): NewJob {
  // Redis gives an empty list back as an object: what is not there is left out.
  const notes: { -readonly [Note in keyof TaskNotes]?: TaskNotes[Note] } = {};
  if (task.maxAttempts !== null) notes.maxAttempts = task.maxAttempts;
  if (task.settings !== null) notes.settings = task.settings;
  if (task.sensitive.length > 0) notes.sensitive = task.sensitive;
  if (task.runAt < task.createdAt) notes.runAt = task.runAt;
  if (task.parentId != null) notes.parentId = task.parentId;
  const opts: JobsOptions & { task: Partial<TaskNotes> } = {
    priority: storedPriority(task.priority),
    attempts: task.maxAttempts ?? 1,
    task: notes,
  };
  const delay = task.runAt - task.createdAt;
  if (delay > 0) opts.delay = delay;
  return { id: task.id, name: task.name, data: toData(task.params), opts, timestamp: task.createdAt };
}

function toData(params: string): string {
  if (isStorable(params)) return params;
  return JSON.stringify({ [ENCODED]: Buffer.from(params).toString('base64') });
}

/** What is not is kept as it is, so that the handler's side says what is wrong with it. */
function isStorable(params: string): boolean {
  // PostgreSQL's jsonb holds neither NUL nor half of a surrogate pair.
  if (/\\u(?:0000|d[89a-f])/i.test(params)) return false;
  try {
    const value: unknown = JSON.parse(params);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** The params' JSON text. */
export function paramsOf(job: Pick<TaskJob, 'data'> & { paramsText?: string }): string {
  const { paramsText } = job;
  if (paramsText !== undefined && !paramsText.includes(ENCODED)) return paramsText;
  const { data } = job;
  const encoded = data[ENCODED];
  return typeof encoded === 'string' ? Buffer.from(encoded, 'base64').toString() : JSON.stringify(data);
}

/** Of a job that other code added, there are none. */
export function notesOf({ opts }: Pick<TaskJob, 'opts'>): TaskNotes {
  const notes: Partial<TaskNotes> = (opts as { task?: Partial<TaskNotes> }).task ?? { maxAttempts: opts.attempts ?? 1 };
  const { maxAttempts = null, settings = null, sensitive = [], runAt, parentId, carried } = notes;
  return { maxAttempts, settings, sensitive, runAt, parentId, carried };
}

/** When the first attempt is due. */
export function runAtOf(job: TaskJob, { runAt }: TaskNotes = notesOf(job)): number {
  return runAt ?? job.timestamp + job.delay;
}

export function priorityOf(job: TaskJob): number {
  const stored = job.opts.priority ?? carriedOf(job)?.priority;
  if (!stored) return 0;
  // Other code's own: 1 is served first there, after those that have none.
  return 'task' in job.opts ? PRIORITY_ZERO - stored : -stored;
}

/** What BullMQ is told for a priority. */
export function storedPriority(priority: number): number {
  return PRIORITY_ZERO - priority;
}

/** Number of the last attempt; 0 before the first. */
export function attemptOf(job: Pick<TaskJob, 'opts' | 'attemptsStarted'>): number {
  return attemptsBefore(job) + job.attemptsStarted;
}

/** Attempts that do not count against the retries, of those that have ended. */
export function excusedAttempts(job: TaskJob, running: boolean): number {
  const here = Math.max(0, job.attemptsStarted - job.attemptsMade - (running ? 1 : 0));
  const carried = carriedOf(job);
  if (!carried) return here;
  // Where it had failed it was retried by hand since, or has not begun again: a retry by hand excuses all before it.
  return carried.failed && here > 0 ? attemptsBefore(job) + here : carried.excused + here;
}
