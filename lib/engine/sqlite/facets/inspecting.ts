import { turn } from '../../../clock/index.js';
import type {
  ErrorReport,
  MetricPoint,
  MetricsQuery,
  PageRequest,
  QueueDepth,
  StoreCondition,
  Task,
  TaskFilter,
  TaskPage,
  TaskSummary,
  WorkerInfo,
  WorkerStatus,
} from '../../../contract/index.js';
import type { AwaitedTasks, EngineContext, Inspecting } from '../../port/index.js';
import { readAwaited } from '../sql/awaited-tasks.js';
import { queueDepths } from '../sql/queue-depths.js';
import { readErrorGroups } from '../sql/read-error-groups.js';
import { readMetrics } from '../sql/read-metrics.js';
import { readSummaries, readTask } from '../sql/read-tasks.js';
import { unhandledKinds } from '../sql/unhandled-kinds.js';
import { allWorkers, runningTasksOf } from '../sql/worker-rows.js';
import { logBytes } from '../store/log-bytes.js';
import type { SqliteStore } from '../sqlite-store.js';

export class SqliteInspecting implements Inspecting {
  constructor(
    private readonly store: SqliteStore,
    private readonly context: Pick<EngineContext, 'clock' | 'mask'>,
  ) {}

  async get(id: string): Promise<Task | null> {
    const { mask, clock } = this.context;
    return this.store.opened.connection.read((database) => readTask(database, id, mask, clock.now()));
  }

  async summaries(ids: readonly string[]): Promise<readonly TaskSummary[]> {
    const { mask } = this.context;
    return this.store.opened.connection.read((database) => readSummaries(database, ids, mask));
  }

  async awaited(ids: readonly string[]): Promise<AwaitedTasks> {
    return this.store.opened.connection.read((database) => readAwaited(database, ids));
  }

  async list(filter: TaskFilter, page: PageRequest): Promise<TaskPage> {
    return this.store.opened.finder.page(filter, page);
  }

  async errorGroups(query: { readonly queue?: string; readonly name?: string }): Promise<ErrorReport> {
    const now = this.context.clock.now();
    return this.store.opened.connection.read((database) => readErrorGroups(database, query, now));
  }

  async queues(): Promise<readonly QueueDepth[]> {
    return this.store.opened.connection.read(queueDepths);
  }

  async workers(): Promise<readonly WorkerInfo[]> {
    const workers = await this.store.opened.connection.read(allWorkers);
    return workers.map(({ id, host, pid, startedAt, queues }) => ({ id, host, pid, startedAt, queues }));
  }

  async workersAtWork(): Promise<readonly WorkerStatus[]> {
    const { connection, workForce } = this.store.opened;
    const workers = await this.workers();
    return connection.read((database) =>
      workers.map((worker) => ({
        ...worker,
        running: runningTasksOf(database, worker.id),
        self: worker.id === workForce.workerId,
      })),
    );
  }

  async condition(): Promise<StoreCondition> {
    const { connection } = this.store.opened;
    return { logBytes: logBytes(connection.path), unhandled: await connection.read(unhandledKinds) };
  }

  async metrics(query: MetricsQuery): Promise<readonly MetricPoint[]> {
    const { connection } = this.store.opened;
    const points: MetricPoint[] = [];
    for (let begin: number | null = query.from; begin !== null;) {
      const from: number = begin;
      const read = await connection.read((database) => readMetrics(database, query, from));
      points.push(...read.points);
      begin = read.next;
      if (begin !== null) await turn();
    }
    return points;
  }
}
