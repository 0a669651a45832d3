import type { Task } from '../../contract/index.js';
import { cancelledNotes } from './cancelled.js';
import { childrenIn, type JobView } from './job-view.js';
import type { QueueSet } from './queue-set.js';
import type { Listed, TaskLists } from './task-lists.js';

/** What a task is read by. */
export interface ListedParts {
  readonly set: QueueSet;
  readonly lists: TaskLists;
  readonly view: JobView;
}

/** A task that was found, with its attempts, its logs and what it enqueued. */
export async function readListed({ set, lists, view }: ListedParts, { queue, job, state }: Listed): Promise<Task> {
  const rows = cancelledNotes(job)?.logs ?? (await set.logOf(queue, job.id!));
  const task = view.task(queue, job, state, rows);
  return { ...task, children: await lists.children(task.id, childrenIn(rows)) };
}
