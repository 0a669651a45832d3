import { flowRecordIn } from '../flows/flow-record.js';
import { taskIdOf } from '../job-ids.js';
import { FLOW_QUEUE } from '../queue-names.js';
import type { QueueSet } from '../queue-set.js';
import type { TaskJob } from '../task-job.js';

/** Most that are named. */
const MAX_NAMED = 20;

/** Workflows that keep tasks from being moved, as a person reads it. */
export async function liveFlows(set: QueueSet): Promise<string[]> {
  const jobs: Array<TaskJob | undefined> = await set
    .queue(FLOW_QUEUE)
    .getJobs(['waiting-children'], 0, MAX_NAMED - 1, true);
  return jobs.flatMap((job) => {
    if (!job) return [];
    const id = taskIdOf(job.id!);
    return [
      `workflow "${flowRecordIn(job).name}" (${id}) has not ended, and no other store takes it: let it end, or cancel it`,
    ];
  });
}
