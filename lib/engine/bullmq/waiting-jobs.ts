import { wallTime } from '../../clock/index.js';
import type { TaskChange } from '../../contract/index.js';
import { withVersion } from '../common/index.js';
import type { QueueSet } from './queue-set.js';
import { attemptOf, storedPriority, type TaskNotes, toData } from './stored-job.js';
import type { TaskJob } from './task-job.js';

/** Changes a job that waits; false where it does not. BullMQ's own ways change one thing at a time, and between two of them it may begin. */
export async function changeWaiting(set: QueueSet, queue: string, job: TaskJob, change: TaskChange): Promise<boolean> {
  const opts = await set.waiting.optsOf(queue, job.id!);
  if (!opts) return false;
  const { runAt, params } = change;
  const before = opts.priority ?? storedPriority(0);
  const priority = change.priority === undefined ? before : storedPriority(change.priority);
  return set.waiting.amend(queue, job.id!, {
    data: params ? toData(params.json) : null,
    opts: JSON.stringify({ ...opts, priority, task: notesWith(opts.task ?? {}, job, change) }),
    priority,
    runAt: runAt ?? null,
    isMoved: runAt !== undefined || priority !== before,
  });
}

/** Makes a job due that waits for its time, and notes when that was. @throws where it does not wait any more */
export async function runNow(set: QueueSet, queue: string, job: TaskJob): Promise<void> {
  // One that other code added has no notes, and is to have none.
  if (!('task' in job.opts)) return job.promote();
  if (!(await changeWaiting(set, queue, job, { runAt: wallTime() }))) throw new Error(`Task "${job.id}" has moved on.`);
  await set.tell(queue, { event: 'waiting', jobId: job.id! });
}

function notesWith(notes: Partial<TaskNotes>, job: TaskJob, { runAt, params }: TaskChange): Partial<TaskNotes> {
  const moved = runAt === undefined ? {} : { runAt, moved: attemptOf(job) };
  if (!params) return { ...notes, ...moved };
  const { traits = {}, sensitive: _sensitive, ...others } = notes;
  const changed = withVersion(traits, params.version);
  return {
    ...others,
    ...moved,
    ...(params.sensitive.length > 0 && { sensitive: params.sensitive }),
    ...(changed && { traits: changed }),
  };
}
