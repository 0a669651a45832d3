import type { Clock } from '../clock/index.js';
import type { NewTask, TaskEngine } from '../engine/port/index.js';

/** What workflows stand on. */
export interface WorkflowParts {
  readonly engine: Pick<TaskEngine, 'kind' | 'workflows' | 'watching'>;
  readonly clock: Clock;
  newId(now: number): string;
  /** Checks tasks of one name as if they were enqueued, and makes them; nothing is stored. */
  prepare(queue: string, name: string, rows: readonly object[], options: object): Promise<readonly NewTask[]>;
}
