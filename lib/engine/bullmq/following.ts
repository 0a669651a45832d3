import { wallTime } from '../../clock/index.js';
import type { TaskError, TaskTraits } from '../../contract/index.js';
import { failureTask } from '../common/index.js';
import type { NewTask } from '../port/index.js';
import { taskIdOf } from './job-ids.js';
import { attemptOf, notesOf } from './stored-job.js';
import type { TaskJob } from './task-job.js';

/** The task that is to be enqueued as a job fails for good; null where there is none. */
export function taskFollowing(
  job: TaskJob,
  queue: string,
  error: TaskError,
  traits: TaskTraits | undefined = notesOf(job).traits,
): NewTask | null {
  if (!traits?.onFailed) return null;
  const failed = { id: taskIdOf(job.id!), queue, name: job.name, attempt: attemptOf(job), failedAt: wallTime() };
  return failureTask(failed, traits, error);
}
