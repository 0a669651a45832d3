import type { Task } from '../../contract/index.js';
import type { OpenBullmqStore } from './bullmq-store.js';
import { cancelledNotes } from './cancelled.js';
import { childrenIn } from './job-view.js';
import type { Listed } from './task-lists.js';

/** A task that was found, with its attempts, its logs and what it enqueued. */
export async function readListed(
  { set, lists, view }: Pick<OpenBullmqStore, 'set' | 'lists' | 'view'>,
  { queue, job, state }: Listed,
): Promise<Task> {
  const rows = cancelledNotes(job)?.logs ?? (await set.logOf(queue, job.id!));
  const task = view.task(queue, job, state, rows);
  return { ...task, children: await lists.children(childrenIn(rows)) };
}
