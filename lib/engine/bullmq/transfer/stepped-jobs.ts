import { taskIdOf } from '../job-ids.js';
import { stateOf, type LISTS } from '../job-view.js';
import type { QueueSet } from '../queue-set.js';
import { hasTexts } from '../steps/stored-steps.js';
import type { TaskJob } from '../task-job.js';

/** The jobs that a move takes along, in the order in which BullMQ serves them. */
export const MOVED_LISTS = [
  'waiting',
  'prioritized',
  'delayed',
  'failed',
] as const satisfies readonly (typeof LISTS)[number][];

/** Jobs that are asked for together. */
const BATCH = 250;
/** Most that are named. */
const MAX_NAMED = 20;

/**
 * What keeps tasks from being moved, as a person reads it: durable steps stay with the store that they were recorded in, and a
 * task that is begun anew elsewhere would do again what it has done.
 */
export async function steppedJobs(set: QueueSet, queues: readonly string[]): Promise<string[]> {
  const named: string[] = [];
  for (const queue of queues) {
    for (const list of MOVED_LISTS) {
      const ids = await set.queue(queue).getRanges([list], 0, -1, true);
      for (let start = 0; start < ids.length && named.length < MAX_NAMED; start += BATCH) {
        const found = await Promise.all(ids.slice(start, start + BATCH).map((id) => problemOf(set, queue, list, id)));
        named.push(...found.filter((problem) => problem !== null));
      }
    }
  }
  return named.slice(0, MAX_NAMED);
}

async function problemOf(set: QueueSet, queue: string, list: string, id: string): Promise<string | null> {
  if (!hasTexts(await set.steps.read(queue, id))) return null;
  const job: TaskJob | undefined = await set.queue(queue).getJob(id);
  const state = job ? `, ${stateOf(list, job)},` : '';
  return `task ${taskIdOf(id)}${state} has recorded durable steps, which no other store takes: let it end, cancel it or delete it`;
}
