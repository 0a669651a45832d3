import type { TaskState, TaskSummary } from './task.js';
import type { TaskTags } from './task-traits.js';

export interface TaskFilter {
  /** One state, or several of which any will do. */
  readonly state?: TaskState | readonly TaskState[];
  /** One queue, or several of which any will do. */
  readonly queue?: string | readonly string[];
  /** One name of tasks, or several of which any will do. */
  readonly name?: string | readonly string[];
  /** Tags that a task has, every one of them. */
  readonly tags?: TaskTags;
  /** The key whose slots it shares, or by which it takes its turn. */
  readonly key?: string;
  /** Text that the id, the params or an error contain. */
  readonly search?: string;
  /** Enqueued at this time or later, in UTC milliseconds. */
  readonly from?: number;
  /** Enqueued before this time. */
  readonly to?: number;
  /** Failed, with an error of this group: {@link ErrorGroup.key}. */
  readonly error?: string;
}

export const TASK_FILTER_KEYS = [
  'state',
  'queue',
  'name',
  'tags',
  'key',
  'search',
  'from',
  'to',
  'error',
] as const satisfies ReadonlyArray<keyof TaskFilter>;

/** By the time of enqueueing, or as {@link EngineCapabilities.listOrder} has it. */
export const TASK_ORDERS = ['newest', 'oldest'] as const;
export type TaskOrder = (typeof TASK_ORDERS)[number];

export interface PageRequest {
  /** `nextCursor` of the page before, which was asked for in the same order. */
  readonly cursor?: string;
  readonly limit: number;
  /** Default: the newest first. */
  readonly order?: TaskOrder;
}

export interface TaskPage {
  readonly items: readonly TaskSummary[];
  /** How many tasks were looked at to find them: where little is found, how far the search has come. */
  readonly looked: number;
  /** Where the next page begins; null after the last. May be there although `items` is short: the search goes on. */
  readonly nextCursor: string | null;
}
