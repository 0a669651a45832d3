import type { TaskTags } from '../contract/index.js';
import type { NewTask } from '../engine/port/index.js';

/** A task as it was enqueued. */
export interface QueuedTask {
  readonly id: string;
  readonly store: string;
  readonly queue: string;
  readonly name: string;
  /** As its handler's class gets them to read: plain JSON, with what is sensitive. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly priority: number;
  /** When it is due, in UTC milliseconds. */
  readonly runAt: number;
  /** Milliseconds from its enqueueing until it is due; 0 where it was due at once. */
  readonly delay: number;
  readonly tags: TaskTags;
  /** The task whose handler enqueued it. */
  readonly parentId: string | null;
}

/** A task that was enqueued, and what of it no message may show. */
export interface RecordedTask {
  readonly task: QueuedTask;
  readonly sensitive: readonly string[];
}

export function recordOfTask(store: string, task: NewTask): RecordedTask {
  const { id, queue, name, params, priority, runAt, createdAt, traits, parentId = null, sensitive } = task;
  return {
    sensitive,
    task: {
      id,
      store,
      queue,
      name,
      params: JSON.parse(params) as Record<string, unknown>,
      priority,
      runAt,
      delay: Math.max(0, runAt - createdAt),
      tags: traits?.tags ?? {},
      parentId,
    },
  };
}
