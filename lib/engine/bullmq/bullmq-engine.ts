import { hostname } from 'node:os';
import type { EntityManager } from 'typeorm';
import { ForeignManagerError, ForeignQueueError, StoreError, TasksConfigError, messageOf } from '../../errors/index.js';
import { MOST_RUNNING_LISTED } from '../task-engine.js';
import type {
  ActionResult,
  ActionTarget,
  AuditEntry,
  AuditPage,
  ConsumeOptions,
  Consumer,
  EngineCapabilities,
  EngineChange,
  EngineContext,
  MetricPoint,
  MetricsQuery,
  NewTask,
  PageRequest,
  QueueDepth,
  RunTask,
  Schedule,
  ScheduleStatus,
  TaskAction,
  TaskEngine,
  TaskFilter,
  TaskPage,
  WorkerInfo,
  WorkerStatus,
} from '../task-engine.js';
import { FailureGroups, MOST_FAILURES_LOOKED_AT, type FailureReport } from '../failure-groups.js';
import type { Task, TaskSummary } from '../task.js';
import { addJobs } from './add-jobs.js';
import { AuditLog } from './audit-log.js';
import type { BullmqEngineOptions } from './bullmq-options.js';
import { byQueue } from './by-queue.js';
import { Cancelled, cancelledNotes } from './cancelled.js';
import { ChangeWatch } from './change-watch.js';
import { metricPoints } from './metric-points.js';
import { QueueConsumer } from './queue-consumer.js';
import { queueDepth } from './queue-depth.js';
import { QueueSet } from './queue-set.js';
import { Registry } from './registry.js';
import { ScheduleBook } from './schedule-book.js';
import { toJob } from './stored-job.js';
import { TaskActions } from './task-actions.js';
import { TaskLists } from './task-lists.js';
import { childrenIn, TaskView } from './task-view.js';
import { assertNotMoving } from './transfer/move-mark.js';

/** Of failures, to group them: whole jobs cross the wire. What has been looked at by then is answered, */
const LONGEST_READING_MS = 2_000;
/** if it is as much as this. */
const LEAST_FAILURES_LOOKED_AT = 500;

/** Everything that exists while the store is open. */
interface Opened {
  readonly set: QueueSet;
  readonly registry: Registry;
  readonly view: TaskView;
  readonly lists: TaskLists;
  readonly cancelled: Cancelled;
  readonly actions: TaskActions;
  readonly schedules: ScheduleBook;
  readonly auditLog: AuditLog;
  readonly watch: ChangeWatch;
}

/**
 * Tasks in BullMQ, on Redis or PostgreSQL, for any number of machines. A queue is a BullMQ queue, a task a job of the same
 * id in it; {@link QueueConsumer} says how the outcomes of attempts map, {@link Cancelled} and {@link ScheduleBook} what
 * had to be added, out of BullMQ's own parts.
 */
export class BullmqEngine implements TaskEngine {
  readonly kind: string;
  readonly capabilities: EngineCapabilities = {
    clock: 'system',
    queueRank: false,
    listOrder: 'state',
    latencyMetrics: false,
    retentionPerTask: false,
    lostAttemptTimes: false,
    queueOrder: 'available',
    keepsCancelledAttempts: false,
  };
  private readonly consumers = new Set<QueueConsumer>();
  private readonly startedAt = Date.now();
  private readonly workerId: string;
  private opened: Opened | null = null;

  constructor(
    private readonly options: BullmqEngineOptions,
    private readonly context: EngineContext,
  ) {
    this.kind = options.postgres === undefined ? 'bullmq-redis' : 'bullmq-postgres';
    // The end of an id is its random part. PostgreSQL cuts the name of a connection after 63 characters.
    this.workerId = context.newId().slice(-12);
  }

  async open(): Promise<void> {
    if (this.opened) return;
    const twice = this.options.queues.find((queue) => this.options.show?.includes(queue));
    if (twice !== undefined) {
      throw new TasksConfigError(
        `"engine.bullmq.show": queue "${twice}" is one of this app's own. Rename it there, or leave it out here.`,
      );
    }
    const set = await this.trying('The task store cannot be opened', () =>
      QueueSet.open(this.options, this.context, (error) => this.report(error)),
    );
    const registry = new Registry(set, this.options.show);
    const view = new TaskView(
      this.context.mask,
      (name) => registry.sensitiveOf(name),
      (queue, id) => registry.shownId(queue, id),
    );
    const lists = new TaskLists(set, registry, view);
    const cancelled = new Cancelled(set, (queue) => this.context.keepFor(queue, 'cancelled'));
    this.opened = {
      set,
      registry,
      view,
      lists,
      cancelled,
      actions: new TaskActions(set, lists, cancelled, (queue) => registry.isForeign(queue)),
      schedules: new ScheduleBook(
        this.context,
        set,
        registry,
        lists,
        (tasks) => this.enqueue(tasks),
        this.options.lease,
      ),
      auditLog: new AuditLog(set, this.context.newId),
      watch: new ChangeWatch(set, registry, (event) => this.onOwnEvent(event)),
    };
    await registry.noteQueues(this.options.queues);
  }

  async close(): Promise<void> {
    const opened = this.opened;
    if (!opened) return;
    this.opened = null;
    await opened.schedules.close();
    for (const consumer of this.consumers) await consumer.close(0);
    await opened.watch.close();
    await opened.set.close();
  }

  async enqueue(tasks: readonly NewTask[], within?: EntityManager): Promise<void> {
    const { set, registry, watch, cancelled } = this.store;
    if (within) {
      throw new ForeignManagerError(
        '"manager" belongs to another database than the tasks, which are on a server: they cannot commit together. Have ' +
          "an outbox in the manager's database, which hands tasks over when it has committed: " +
          'TasksModule.forRoot({ outbox: { dataSource: \'default\' } }). Or leave "manager" out.',
      );
    }
    const groups = byQueue(tasks);
    await this.trying('Tasks could not be stored', async () => {
      // What need not be waited for is not: this is done for every task.
      if (!registry.knowsQueues(groups.keys())) await registry.noteQueues(groups.keys());
      for (const [queue, given] of groups) {
        const own = cancelled.mayHold(given) ? await cancelled.without(queue, given) : given;
        if (own.length === 0) continue;
        await addJobs(set, queue, own.map(toJob));
        for (const task of own) this.noteChild(task);
        watch.announce(queue, ...own.map(({ id }) => id));
      }
    });
  }

  async noteSensitive(paths: ReadonlyMap<string, readonly string[]>): Promise<void> {
    if (paths.size === 0) return;
    const notes = [...paths].map(([name, list]) => [`sensitive:${name}`, JSON.stringify(list)]);
    await this.store.registry.note(Object.fromEntries(notes) as Record<string, string>);
  }

  async consume(queue: string, options: ConsumeOptions, run: RunTask): Promise<Consumer> {
    const { set, registry, cancelled, schedules, watch } = this.store;
    await assertNotMoving(registry);
    await registry.noteQueues([queue]);
    const consumer = new QueueConsumer(
      queue,
      { set, cancelled, workerId: this.workerId, report: (error) => this.report(error) },
      this.options,
      options,
      run,
    );
    this.consumers.add(consumer);
    schedules.start();
    await watch.hearOwn();
    await consumer.ready();
    try {
      // Again, now that whoever moves the tasks sees this process.
      await assertNotMoving(registry);
    } catch (error) {
      await consumer.close(0);
      throw error;
    }
    if (this.opened) await this.noteWorker();
    return {
      close: async (grace) => {
        await consumer.close(grace);
        this.consumers.delete(consumer);
        if (this.opened) await this.noteWorker();
      },
    };
  }

  async get(id: string): Promise<Task | null> {
    const { set, registry, lists, view } = this.store;
    await registry.refresh(true);
    const listed = await lists.find(id);
    if (!listed) return null;
    const { queue, job, state } = listed;
    const rows = cancelledNotes(job)?.logs ?? (await set.logOf(queue, job.id!));
    const task = view.task(queue, job, state, rows);
    return { ...task, children: await lists.children(childrenIn(rows)) };
  }

  async summaries(ids: readonly string[]): Promise<readonly TaskSummary[]> {
    const { registry, lists, view } = this.store;
    await registry.refresh(true);
    const found = await Promise.all(ids.map((id) => lists.find(id)));
    return found.filter((listed) => listed !== null).map(({ queue, job, state }) => view.summary(queue, job, state));
  }

  async list(filter: TaskFilter, page: PageRequest): Promise<TaskPage> {
    return this.store.lists.page(filter, page);
  }

  async failures(query: { queue?: string; name?: string }): Promise<FailureReport> {
    const groups = new FailureGroups(Date.now());
    const deadline = performance.now() + LONGEST_READING_MS;
    for await (const failure of this.store.lists.failures(query)) {
      const isLate = groups.looked >= LEAST_FAILURES_LOOKED_AT && performance.now() > deadline;
      if (isLate || groups.looked === MOST_FAILURES_LOOKED_AT) return groups.report(false);
      groups.add(failure);
    }
    return groups.report(true);
  }

  async queues(): Promise<readonly QueueDepth[]> {
    const { set, registry } = this.store;
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
    return this.store.registry.workers();
  }

  async workersAtWork(): Promise<readonly WorkerStatus[]> {
    const { registry, lists } = this.store;
    const [workers, running] = await Promise.all([registry.workers(), lists.running()]);
    return workers.map((worker) => ({
      ...worker,
      running: (running.get(worker.id) ?? []).slice(0, MOST_RUNNING_LISTED),
      self: worker.id === this.workerId,
    }));
  }

  async metrics(query: MetricsQuery): Promise<readonly MetricPoint[]> {
    const { set, registry } = this.store;
    return metricPoints(set, await registry.shownQueues(), query);
  }

  async act(action: TaskAction, target: ActionTarget): Promise<ActionResult> {
    const { actions, watch } = this.store;
    const result = await actions.act(action, target);
    watch.announce(null);
    return result;
  }

  async pauseQueue(queue: string): Promise<void> {
    const { set, registry } = this.store;
    if (registry.isForeign(queue)) throw new ForeignQueueError(queue);
    await registry.noteQueues([queue]);
    await set.queue(queue).pause();
  }

  async resumeQueue(queue: string): Promise<void> {
    const { set, registry } = this.store;
    if (registry.isForeign(queue)) throw new ForeignQueueError(queue);
    await set.queue(queue).resume();
  }

  async saveSchedule(schedule: Schedule): Promise<void> {
    await this.store.schedules.save(schedule);
  }

  async removeSchedule(name: string): Promise<boolean> {
    return this.store.schedules.remove(name);
  }

  async schedules(): Promise<readonly ScheduleStatus[]> {
    return this.store.schedules.all();
  }

  async setSchedulePaused(name: string, paused: boolean): Promise<boolean> {
    return this.store.schedules.setPaused(name, paused);
  }

  async triggerSchedule(name: string): Promise<string | null> {
    return this.store.schedules.trigger(name);
  }

  async noteAudit(entry: AuditEntry): Promise<void> {
    await this.store.auditLog.note(entry);
  }

  async audit(page: { cursor?: string; limit: number }): Promise<AuditPage> {
    return this.store.auditLog.page(page);
  }

  watch(listener: (change: EngineChange) => void): () => void {
    return this.store.watch.add(listener);
  }

  private get store(): Opened {
    if (!this.opened) throw new StoreError('The task store cannot be used: it is not open');
    return this.opened;
  }

  private async noteWorker(): Promise<void> {
    const { registry } = this.store;
    if (this.consumers.size === 0) {
      await registry.forget(`worker:${this.workerId}`);
      return;
    }
    const queues = Object.fromEntries([...this.consumers].map(({ queue, concurrency }) => [queue, concurrency]));
    const info: WorkerInfo = {
      id: this.workerId,
      host: hostname(),
      pid: process.pid,
      startedAt: this.startedAt,
      queues,
    };
    await registry.note({ [`worker:${this.workerId}`]: JSON.stringify(info) });
  }

  private noteChild(task: NewTask): void {
    if (task.parentId == null) return;
    for (const consumer of this.consumers) if (consumer.noteChild(task)) return;
  }

  private onOwnEvent({ event, id }: Readonly<Record<string, string>>): void {
    if (event === 'cancel' && id !== undefined) for (const consumer of this.consumers) consumer.cancel(id);
  }

  private report(error: Error): void {
    this.context.logger.warn(`BullMQ: ${messageOf(error)}`);
  }

  private async trying<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (error instanceof StoreError || error instanceof TasksConfigError) throw error;
      throw new StoreError(`${what}: ${messageOf(error)}`, { cause: error });
    }
  }
}
