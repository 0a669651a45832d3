import { toJob } from '../../../lib/engine/bullmq/stored-job.js';
import type { NewJob, TaskJob } from '../../../lib/engine/bullmq/task-job.js';
import type { NewTask } from '../../../lib/engine/port/index.js';

export const CREATED_AT = Date.UTC(2027, 0, 1);

export function plainTask(overrides: Partial<NewTask> = {}): NewTask {
  return {
    id: 'task-1',
    queue: 'default',
    name: 'work',
    params: '{"n":1}',
    priority: 0,
    runAt: CREATED_AT,
    createdAt: CREATED_AT,
    maxAttempts: 4,
    settings: null,
    sensitive: [],
    ...overrides,
  };
}

/** A job as BullMQ gives it back that has stored `job`, without a server. */
export function plainJob({ id, name, data, opts, timestamp }: NewJob, seen: Partial<TaskJob> = {}): TaskJob {
  return {
    id,
    name,
    data: JSON.parse(data) as TaskJob['data'],
    opts,
    timestamp: timestamp,
    delay: opts.delay ?? 0,
    priority: opts.priority ?? 0,
    attemptsStarted: 0,
    attemptsMade: 0,
    stacktrace: [],
    failedReason: undefined,
    returnvalue: null,
    progress: 0,
    processedOn: undefined,
    finishedOn: undefined,
    processedBy: undefined,
    ...seen,
  } as TaskJob;
}

/** The job of a task, as far as it has come. */
export function jobOf(task: Partial<NewTask> = {}, seen: Partial<TaskJob> = {}): TaskJob {
  return plainJob(toJob(plainTask(task)), seen);
}

/** A job that other code of the app added. */
export function foreignJob(opts: TaskJob['opts'] = {}, seen: Partial<TaskJob> = {}): TaskJob {
  return plainJob({ id: '7', name: 'send', data: '{"to":"ann"}', opts, timestamp: CREATED_AT }, seen);
}
