import type { Task, TaskSummary } from '../../contract/index.js';
import { shownTraits } from './shown-traits.js';
import type { NewTask } from '../port/index.js';

/** A task of which nothing has become yet, as a reader sees it. */
export function waitingTask(task: NewTask, params: Pick<TaskSummary, 'params' | 'paramsUnreadable'>): Task {
  const { id, queue, name, priority, maxAttempts, runAt, createdAt, parentId = null } = task;
  return {
    id,
    queue,
    name,
    state: runAt > createdAt ? 'scheduled' : 'available',
    ...params,
    priority,
    attempt: 0,
    maxAttempts,
    runAt,
    createdAt,
    startedAt: null,
    finishedAt: null,
    progress: null,
    error: null,
    attempts: [],
    logs: [],
    parentId,
    children: [],
    ...(task.traits && shownTraits(task.traits)),
  };
}
