import type { EntityManager } from 'typeorm';
import type {
  ActionResult,
  ActionTarget,
  AuditEntry,
  AuditPage,
  Consumer,
  ConsumeOptions,
  EngineCapabilities,
  EngineChange,
  FailureReport,
  MetricPoint,
  MetricsQuery,
  NewTask,
  OutboxDepth,
  PageRequest,
  QueueDepth,
  RunTask,
  Schedule,
  ScheduleStatus,
  Task,
  TaskAction,
  TaskEngine,
  TaskFilter,
  TaskPage,
  TaskSummary,
  WorkerInfo,
  WorkerStatus,
} from '../engine/index.js';
import { ForeignManagerError } from '../errors/index.js';
import type { Outbox } from './outbox.js';

/** An engine that takes tasks in transactions of another database too, through an outbox there. */
export class OutboxEngine implements TaskEngine {
  readonly kind: string;
  readonly capabilities: EngineCapabilities;

  constructor(
    private readonly engine: TaskEngine,
    private readonly box: Outbox,
  ) {
    this.kind = engine.kind;
    this.capabilities = engine.capabilities;
  }

  async open(): Promise<void> {
    await this.engine.open();
    try {
      await this.box.open();
    } catch (error) {
      await this.engine.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.box.close();
    await this.engine.close();
  }

  async enqueue(tasks: readonly NewTask[], within?: EntityManager): Promise<void> {
    if (!within || !this.box.owns(within)) return this.engine.enqueue(tasks, within);
    // A manager that has no transaction open has nothing to commit together with.
    if (!within.queryRunner?.isTransactionActive) return this.engine.enqueue(tasks);
    try {
      // Tasks that live in the app's own database need no way round.
      await this.engine.enqueue(tasks, within);
    } catch (error) {
      if (!(error instanceof ForeignManagerError)) throw error;
      await this.box.add(within, tasks);
    }
  }

  outbox(): Promise<readonly OutboxDepth[]> {
    return this.box.waiting();
  }

  noteSensitive(paths: ReadonlyMap<string, readonly string[]>): Promise<void> {
    return this.engine.noteSensitive(paths);
  }

  consume(queue: string, options: ConsumeOptions, run: RunTask): Promise<Consumer> {
    return this.engine.consume(queue, options, run);
  }

  get(id: string): Promise<Task | null> {
    return this.engine.get(id);
  }

  summaries(ids: readonly string[]): Promise<readonly TaskSummary[]> {
    return this.engine.summaries(ids);
  }

  list(filter: TaskFilter, page: PageRequest): Promise<TaskPage> {
    return this.engine.list(filter, page);
  }

  failures(query: { queue?: string; name?: string }): Promise<FailureReport> {
    return this.engine.failures(query);
  }

  queues(): Promise<readonly QueueDepth[]> {
    return this.engine.queues();
  }

  workers(): Promise<readonly WorkerInfo[]> {
    return this.engine.workers();
  }

  workersAtWork(): Promise<readonly WorkerStatus[]> {
    return this.engine.workersAtWork();
  }

  metrics(query: MetricsQuery): Promise<readonly MetricPoint[]> {
    return this.engine.metrics(query);
  }

  act(action: TaskAction, target: ActionTarget): Promise<ActionResult> {
    return this.engine.act(action, target);
  }

  pauseQueue(queue: string): Promise<void> {
    return this.engine.pauseQueue(queue);
  }

  resumeQueue(queue: string): Promise<void> {
    return this.engine.resumeQueue(queue);
  }

  saveSchedule(schedule: Schedule): Promise<void> {
    return this.engine.saveSchedule(schedule);
  }

  removeSchedule(name: string): Promise<boolean> {
    return this.engine.removeSchedule(name);
  }

  schedules(): Promise<readonly ScheduleStatus[]> {
    return this.engine.schedules();
  }

  setSchedulePaused(name: string, paused: boolean): Promise<boolean> {
    return this.engine.setSchedulePaused(name, paused);
  }

  triggerSchedule(name: string): Promise<string | null> {
    return this.engine.triggerSchedule(name);
  }

  noteAudit(entry: AuditEntry): Promise<void> {
    return this.engine.noteAudit(entry);
  }

  audit(page: { cursor?: string; limit: number }): Promise<AuditPage> {
    return this.engine.audit(page);
  }

  watch(listener: (change: EngineChange) => void): () => void {
    return this.engine.watch(listener);
  }
}
