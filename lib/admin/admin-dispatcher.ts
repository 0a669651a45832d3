import type { ActionResult, EngineChange, Task, TaskAction, TaskFilter, TaskPage } from '../engine/index.js';
import type { QueueTaskOptions } from '../task-dispatcher.types.js';
import type { Duration } from '../config/duration.js';
import type { ScheduleStatus } from '../engine/index.js';

/** What the panel asks of the task dispatcher. */
export interface AdminDispatcher {
  queue(queue: string, name: string, params: object, options?: QueueTaskOptions): Promise<Task>;
  queueIn(queue: string, delay: Duration, name: string, params: object, options?: QueueTaskOptions): Promise<Task>;
  queueAt(queue: string, when: Date | number, name: string, params: object, options?: QueueTaskOptions): Promise<Task>;
  get(id: string): Promise<Task>;
  list(query: TaskFilter & { cursor?: string; limit?: number }): Promise<TaskPage>;
  cancel(id: string): Promise<Task>;
  retry(id: string): Promise<Task>;
  runNow(id: string): Promise<Task>;
  delete(id: string): Promise<void>;
  bulk(action: TaskAction, target: { ids?: string[]; filter?: TaskFilter }): Promise<ActionResult>;
  pauseQueue(queue: string): Promise<void>;
  resumeQueue(queue: string): Promise<void>;
  stats(): Promise<ReadonlyArray<{ readonly queue: string }>>;
  metrics(query: { queue?: string; window?: Duration }): Promise<object>;
  watch(listener: (change: EngineChange) => void): () => void;
}

/** What the panel asks of the cron schedules. */
export interface AdminCrons {
  list(): Promise<readonly ScheduleStatus[]>;
  get(name: string): Promise<ScheduleStatus>;
  pause(name: string): Promise<unknown>;
  resume(name: string): Promise<unknown>;
  /** Resolves to the id of the task. */
  trigger(name: string): Promise<string>;
}
