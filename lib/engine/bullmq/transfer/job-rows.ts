import type { TaskAttempt, TaskLog, TaskTraits } from '../../../contract/index.js';
import type { MovedState, StoredTask } from '../../port/index.js';
import { recordsIn } from '../attempt-record.js';
import { taskIdOf } from '../job-ids.js';
import type { NewJob, TaskJob } from '../task-job.js';
import {
  attemptOf,
  excusedAttempts,
  notesOf,
  paramsOf,
  priorityOf,
  runAtOf,
  storedPriority,
  toJob,
} from '../stored-job.js';
import type { JobView } from '../job-view.js';
import { carriedOf, isAsCarried, type Carried } from './carried.js';

/** A job as it is handed to another store. */
export function toStoredTask(
  view: JobView,
  queue: string,
  job: TaskJob,
  state: MovedState,
  rows: readonly string[],
): StoredTask {
  const { maxAttempts, settings, sensitive, parentId, traits, moved = 0 } = notesOf(job);
  const last = recordsIn(job.stacktrace).at(-1);
  const isAsItSaid = state !== 'failed' && last !== undefined && moved < last.attempt;
  const shown = view.task(queue, job, state, rows);
  const carried = isAsCarried(job) ? carriedOf(job) : null;
  return {
    id: taskIdOf(job.id!),
    queue,
    name: job.name,
    state,
    params: paramsOf(job),
    priority: priorityOf(job),
    runAt: (isAsItSaid ? last.runAt : undefined) ?? runAtOf(job),
    createdAt: job.timestamp,
    maxAttempts,
    settings,
    sensitive,
    ...(parentId !== undefined && { parentId }),
    ...(traits && { traits: withoutWorkflow(traits) }),
    attempt: attemptOf(job),
    excusedAttempts: excusedAttempts(job, false),
    lostAttempts: carried?.lost ?? 0,
    startedAt: shown.startedAt,
    finishedAt: shown.finishedAt,
    expiresAt: carried?.expiresAt ?? null,
    progress: shown.progress,
    attempts: shown.attempts.map(ended),
    logs: shown.logs.map(({ attempt, at, message }): TaskLog => ({ attempt, at, message })),
  };
}

/** BullMQ does not know when a lost attempt ended; every store that does has a time for it. */
function ended({ attempt, worker, startedAt, finishedAt, outcome, error }: TaskAttempt): TaskAttempt {
  const named = error && { name: error.name, message: error.message };
  const kept = named && { ...named, ...(error.stack !== undefined && { stack: error.stack }) };
  return {
    attempt,
    worker,
    startedAt,
    finishedAt: finishedAt ?? startedAt,
    outcome: outcome ?? 'lost',
    ...(kept && { error: kept }),
  };
}

/** @param now a task that is due by then is added as available */
export function toMovedJob(task: StoredTask, now: number): NewJob {
  const { traits, ...rest } = task;
  const job = toJob({ ...rest, ...(traits && { traits: withoutWorkflow(traits) }) });
  const { delay: _delay, priority: _priority, ...others } = job.opts as NewJob['opts'] & { task: object };
  const hasPast = task.attempt > 0 || task.logs.length > 0 || task.state === 'failed';
  const notes = {
    ...others.task,
    ...(task.runAt !== task.createdAt && { runAt: task.runAt }),
    ...(hasPast && { carried: JSON.stringify(pastOf(task)) }),
  };
  const moved = { ...others, task: notes };
  if (task.state === 'failed') return { ...job, opts: moved };
  // BullMQ reckons a delay from the time of enqueueing.
  const delay = task.runAt - task.createdAt;
  const waits = task.state !== 'available' && task.runAt > now && delay > 0;
  return { ...job, opts: { ...moved, priority: storedPriority(task.priority), ...(waits && { delay }) } };
}

/** A workflow stays with the store that it was started in: what is moved of it is on its own. */
function withoutWorkflow({ workflow: _workflow, ...traits }: TaskTraits): TaskTraits {
  return traits;
}

function pastOf(task: StoredTask): Carried {
  return {
    attempt: task.attempt,
    excused: task.excusedAttempts,
    lost: task.lostAttempts,
    failed: task.state === 'failed',
    priority: storedPriority(task.priority),
    startedAt: task.startedAt,
    finishedAt: task.finishedAt,
    expiresAt: task.expiresAt,
    progress: task.progress,
    attempts: task.attempts,
    logs: task.logs,
  };
}
