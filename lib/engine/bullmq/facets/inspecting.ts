import {
  MAX_RUNNING_LISTED,
  type ErrorReport,
  type MetricPoint,
  type MetricsQuery,
  type PageRequest,
  type QueueDepth,
  type StoreCondition,
  type Task,
  type TaskFilter,
  type TaskPage,
  type TaskSummary,
  type WorkerInfo,
  type WorkerStatus,
} from '../../../contract/index.js';
import type { AwaitedTask, AwaitedTasks, Inspecting } from '../../port/index.js';
import type { BullmqStore } from '../bullmq-store.js';
import { metricPoints } from '../metric-points.js';
import { queueDepth } from '../queue-depth.js';
import { resultOfJob, resultRowIn } from '../job-result.js';
import { parseRow } from '../job-view.js';
import { readListed } from '../read-listed.js';
import type { Listed } from '../task-lists.js';

/** Jobs, with their params and results, that are read together. */
const MAX_AWAITED_AT_ONCE = 16;
/** Most characters of results that are read in one go; who waits for the others asks again. */
const MAX_READ = 8 * 1_024 ** 2;

export class BullmqInspecting implements Inspecting {
  constructor(private readonly store: BullmqStore) {}

  async get(id: string): Promise<Task | null> {
    const { opened } = this.store;
    await opened.registry.refresh(true);
    const listed = await opened.lists.find(id);
    return listed && readListed(opened, listed);
  }

  async summaries(ids: readonly string[]): Promise<readonly TaskSummary[]> {
    const { registry, lists, view } = this.store.opened;
    await registry.refresh(true);
    const found = await Promise.all(ids.map((id) => lists.find(id, 'shown')));
    return found.filter((listed) => listed !== null).map(({ queue, job, state }) => view.summary(queue, job, state));
  }

  async awaited(ids: readonly string[]): Promise<AwaitedTasks> {
    const { registry, lists } = this.store.opened;
    await registry.refresh(true);
    const tasks: AwaitedTask[] = [];
    let looked = 0;
    for (let read = 0; looked < ids.length && read < MAX_READ; looked += MAX_AWAITED_AT_ONCE) {
      const asked = ids.slice(looked, looked + MAX_AWAITED_AT_ONCE);
      const found = await Promise.all(asked.map((id) => lists.find(id)));
      const own = found.filter((listed) => listed !== null);
      for (const task of await Promise.all(own.map((listed) => this.awaitedOf(listed)))) {
        tasks.push(task);
        read += task.result?.length ?? 0;
      }
    }
    return { tasks, looked: Math.min(looked, ids.length) };
  }

  private async awaitedOf({ queue, job, state }: Listed): Promise<AwaitedTask> {
    const { set, view } = this.store.opened;
    const { id, name, error, reason } = view.summary(queue, job, state);
    const isCompleted = state === 'completed';
    const row = isCompleted ? resultRowIn(job, (await set.lastLogOf(queue, job.id!)).map(parseRow)) : null;
    return {
      id,
      queue,
      name,
      state,
      error: state === 'failed' ? error : null,
      result: isCompleted ? resultOfJob(job, row) : null,
      ...(reason !== undefined && { reason }),
    };
  }

  async list(filter: TaskFilter, page: PageRequest): Promise<TaskPage> {
    return this.store.opened.lists.page(filter, page);
  }

  async errorGroups(query: { readonly queue?: string; readonly name?: string }): Promise<ErrorReport> {
    return this.store.opened.failedJobs.report(query);
  }

  async queues(): Promise<readonly QueueDepth[]> {
    const { set, registry } = this.store.opened;
    await registry.refresh(true);
    const depths = await Promise.all(
      (await registry.shownQueues()).map(async (queue): Promise<QueueDepth> => ({
        ...(await queueDepth(set, queue)),
        ...(registry.isForeign(queue) && { foreign: true }),
      })),
    );
    return depths
      .filter(({ counts, paused, foreign }) => foreign || paused || Object.values(counts).some((count) => count > 0))
      .toSorted((a, b) => (a.queue < b.queue ? -1 : 1));
  }

  async workers(): Promise<readonly WorkerInfo[]> {
    return this.store.opened.registry.workers();
  }

  async workersAtWork(): Promise<readonly WorkerStatus[]> {
    const { registry, lists } = this.store.opened;
    const [workers, running] = await Promise.all([registry.workers(), lists.running()]);
    return workers.map((worker) => ({
      ...worker,
      running: (running.get(worker.id) ?? []).slice(0, MAX_RUNNING_LISTED),
      self: worker.id === this.store.consumers.workerId,
    }));
  }

  /** The log is the server's own. */
  async condition(): Promise<StoreCondition> {
    return { logBytes: null, unhandled: await this.store.opened.unhandled.waiting() };
  }

  async metrics(query: MetricsQuery): Promise<readonly MetricPoint[]> {
    const { set, registry } = this.store.opened;
    return metricPoints(set, await registry.shownQueues(), query);
  }
}
