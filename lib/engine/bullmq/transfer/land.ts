import type { TaskAttempt, TaskError } from '../../../contract/index.js';
import { AttemptError, type AttemptRecord } from '../attempt-record.js';
import type { TaskJob } from '../task-job.js';
import { carriedOf } from './carried.js';

/**
 * Puts a task that had failed where it was moved from among the failed ones: the job, fetched under `token`, fails with
 * the record of the last attempt. Only then it gets its priority, which is how {@link isLanding} tells it from before.
 */
export async function land(job: TaskJob, token: string): Promise<void> {
  const carried = carriedOf(job)!;
  const last = carried.attempts.at(-1);
  const record = (last ?? { attempt: carried.attempt, outcome: 'failed' }) as AttemptRecord;
  const failure = new AttemptError({ ...record, error: storableError(last) }, null);
  // An attempt that was never on record is put on none here.
  if (!last) failure.stack = '';
  // Kept, whatever the store that it came from said: the queue's own retention applies when its next task fails.
  job.opts.attempts = 0;
  job.opts.removeOnFail = false;
  await job.moveToFailed(failure, token, false);
  await job.changePriority({ priority: carried.priority });
}

function storableError(attempt: TaskAttempt | undefined): TaskError {
  const { name, message, stack } = attempt?.error ?? { name: 'Error', message: 'It had failed before it was moved.' };
  return { name: storable(name), message: storable(message), ...(stack !== undefined && { stack: storable(stack) }) };
}

/** PostgreSQL stores neither NUL nor half of a surrogate pair; beside the job's options stands the whole text. */
function storable(text: string): string {
  return Buffer.from(text.replaceAll('\0', '\uFFFD')).toString();
}
