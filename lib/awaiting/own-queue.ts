import type { ResolvedConfig } from '../config/index.js';
import { ResultDeadlockError } from '../contract/index.js';
import type { TaskEngine } from '../engine/port/index.js';

/** A task whose handler is running. */
export interface TaskAtHand {
  readonly taskId: string;
  /** Name of its queue. */
  readonly queue: string;
}

/**
 * Handlers that wait for tasks of the queue that they are of. When all workers of the queue are taken by such, none of the tasks
 * can begin for which they wait.
 */
export class OwnQueueWaits {
  /** By queue: the tasks whose handlers wait, and how often each does. */
  private readonly waits = new Map<string, Map<string, number>>();

  constructor(
    private readonly engine: Pick<TaskEngine, 'inspecting'>,
    private readonly config: Pick<ResolvedConfig, 'queues'>,
  ) {}

  /**
   * The handler of `running` begins to wait for a task of `queue`.
   *
   * @param hasBegun the task is running: it needs no other worker
   * @returns what ends it
   * @throws ResultDeadlockError where it would never end
   */
  async begin(running: TaskAtHand | null, queue: string, hasBegun: boolean): Promise<() => void> {
    if (running?.queue !== queue) return () => undefined;
    const waits = this.waits.get(queue) ?? new Map<string, number>();
    this.waits.set(queue, waits);
    waits.set(running.taskId, (waits.get(running.taskId) ?? 0) + 1);
    const end = (): void => {
      const left = waits.get(running.taskId)! - 1;
      if (left > 0) waits.set(running.taskId, left);
      else waits.delete(running.taskId);
    };
    const { concurrency } = this.config.queues.get(queue)!;
    try {
      if (hasBegun || waits.size < concurrency || (await this.isServedElsewhere(queue))) return end;
    } catch (error) {
      end();
      throw error;
    }
    end();
    throw new ResultDeadlockError(queue, concurrency);
  }

  private async isServedElsewhere(queue: string): Promise<boolean> {
    const workers = await this.engine.inspecting.workersAtWork();
    return workers.some(({ self, queues }) => !self && (queues[queue] ?? 0) > 0);
  }
}
