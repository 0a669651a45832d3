import type { JobsOptions } from 'bullmq';
import type { TaskTraits } from '../../contract/index.js';
import type { NewTask } from '../port/index.js';
import { jobIdOf } from './job-ids.js';
import type { FlowNotes } from './flows/flow-notes.js';
import { isStepped } from './steps/stepped-opts.js';
import type { NewJob, TaskJob } from './task-job.js';
import { attemptsBefore, carriedOf } from './transfer/carried.js';

const ENCODED = 'nestjs-tasks:params';

/** BullMQ serves 1 first and the greatest number last, and what has none before all others. */
const PRIORITY_ZERO = 1_000_001;

/** Facts that the library adds to a job's options. */
export interface TaskNotes {
  readonly maxAttempts: number | null;
  readonly settings: string | null;
  readonly sensitive: readonly string[];
  /** Where it was due before it was enqueued, as a run that makes up for a missed tick is; or in another store. */
  readonly runAt?: number | undefined;
  /** The task whose handler enqueued it. */
  readonly parentId?: string | undefined;
  readonly traits?: TaskTraits | undefined;
  /** The last attempt before somebody gave it another time, which is `runAt`. */
  readonly moved?: number | undefined;
  /** Its past in the store that it was moved from: see `Carried`. */
  readonly carried?: string | undefined;
  /** What it waits for in its workflow. */
  readonly flow?: FlowNotes | undefined;
  /** The call that added it, where its id might have been there already. */
  readonly call?: string | undefined;
}

/** @param call see {@link TaskNotes.call} */
export function toJob(task: NewTask, call?: string): NewJob {
  // Redis gives an empty list back as an object: what is not there is left out.
  const notes: { -readonly [Note in keyof TaskNotes]?: TaskNotes[Note] } = {};
  if (task.maxAttempts !== null) notes.maxAttempts = task.maxAttempts;
  if (task.settings !== null) notes.settings = task.settings;
  if (task.sensitive.length > 0) notes.sensitive = task.sensitive;
  if (task.runAt < task.createdAt) notes.runAt = task.runAt;
  if (task.parentId != null) notes.parentId = task.parentId;
  if (task.traits) notes.traits = task.traits;
  if (call !== undefined) notes.call = call;
  const opts: JobsOptions & { task: Partial<TaskNotes> } = {
    priority: storedPriority(task.priority),
    attempts: task.maxAttempts ?? 1,
    task: notes,
  };
  const delay = task.runAt - task.createdAt;
  if (delay > 0) opts.delay = delay;
  return { id: jobIdOf(task.id), name: task.name, data: toData(task.params), opts, timestamp: task.createdAt };
}

export function toData(params: string): string {
  if (isStorable(params)) return params;
  return JSON.stringify({ [ENCODED]: Buffer.from(params).toString('base64') });
}

/** Says whether BullMQ can hold the params. Text that is no JSON is encoded, so that the handler's side says what is wrong. */
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

/** Reads the library's notes of a job. A job that other code added has none. */
export function notesOf({ opts }: Pick<TaskJob, 'opts'>): TaskNotes {
  const notes: Partial<TaskNotes> = (opts as { task?: Partial<TaskNotes> }).task ?? { maxAttempts: opts.attempts ?? 1 };
  const { maxAttempts = null, settings = null, sensitive = [], runAt, parentId, traits, moved, carried, flow } = notes;
  const shown = isStepped(opts) ? ({ ...traits, steps: true } as const) : traits;
  return { maxAttempts, settings, sensitive, runAt, parentId, traits: shown, moved, carried, flow };
}

/** When the first attempt is due. */
export function runAtOf(job: TaskJob, { runAt }: TaskNotes = notesOf(job)): number {
  return runAt ?? job.timestamp + job.delay;
}

/** Whether somebody gave it another time since its last attempt, and so not that attempt says when it is due. */
export function isRescheduled(job: Pick<TaskJob, 'opts' | 'attemptsStarted'>): boolean {
  return notesOf(job).moved === attemptOf(job);
}

export function priorityOf(job: TaskJob): number {
  const stored = job.opts.priority ?? carriedOf(job)?.priority;
  if (!stored) return 0;
  // Other code's own: 1 is served first there, after those that have none.
  return 'task' in job.opts ? PRIORITY_ZERO - stored : -stored;
}

/** The priority as BullMQ is told it. */
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
