import type { DataSource } from 'typeorm';
import type { ManualClock } from '../clock/index.js';
import type { ResolvedConfig } from '../config/index.js';
import { type EnginePlan, handFedEngine } from '../engine/kinds/index.js';
import type { ConsumeOptions, EngineContext, NewTask, RunTask, ByHand, TaskEngine } from '../engine/port/index.js';
import type { RegisteredHandler } from '../handlers/index.js';
import { findDataSource, type StoreParts, type StoreSetup } from '../nest/index.js';
import { sharedLimits } from '../working/index.js';
import { benchStepping } from './bench-stepping.js';
import { HandlerCalls } from './handler-calls.js';
import { type RecordedTask, recordOfTask } from './queued-task.js';
import { failureOf, type RanAttempt, ranAttempt } from './ran-attempt.js';
import { RecordedEnqueueing } from './recorded-enqueueing.js';
import type { TestingMode } from './testing-options.js';

/** What the stores of one app have in common. */
export interface Surroundings {
  readonly clock: ManualClock;
  mode: TestingMode;
  /** Null while its providers are being made. */
  partsOf(store: string): StoreParts | null;
}

/** One store on the bench: it is in memory, its clock stands still, and its tasks run when they are told to. */
export class StoreBench implements StoreSetup {
  readonly calls = new HandlerCalls();
  readonly recorded: RecordedTask[] = [];
  private byHand: ByHand | null = null;
  private parts: StoreParts | null = null;
  private dataSource: ResolvedConfig['dataSource'] = null;
  /** Ids of attempts that are performed without a task in the store. */
  readonly performed = new Set<string>();
  private readonly consumed = new Map<string, ConsumeOptions>();
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly listeners = new Set<(ran: RanAttempt) => void>();

  constructor(
    readonly name: string,
    private readonly around: Surroundings,
  ) {}

  config(config: ResolvedConfig): ResolvedConfig {
    this.dataSource = config.dataSource;
    const isLive = this.around.mode === 'live';
    return {
      ...config,
      engine: null,
      database: ':memory:',
      dataSource: null,
      outbox: null,
      thread: false,
      synchronous: 'normal',
      autoStart: isLive,
      // They look in real time, at a store that a test moves by hand.
      alerts: null,
      // No other process has the store: a task that nothing here handles is a mistake.
      unknownTasksWait: null,
      clock: isLive ? config.clock : this.around.clock,
    };
  }

  makeEngine(plan: EnginePlan, context: EngineContext): TaskEngine {
    const { byHand, ...engine } = handFedEngine(plan, context);
    this.byHand = byHand;
    const { delivering, stepping } = engine;
    return {
      ...engine,
      enqueueing: new RecordedEnqueueing(engine.enqueueing, (tasks) => this.stored(tasks)),
      ...(stepping && {
        stepping: benchStepping({
          inner: stepping,
          isPerformed: (taskId) => this.performed.has(taskId),
          appDatabase: () => this.appDatabase(),
        }),
      }),
      delivering: { consume: (queue, options, run) => delivering.consume(queue, options, this.recording(run)) },
    };
  }

  handler(handler: RegisteredHandler): RegisteredHandler {
    return this.calls.watched(handler);
  }

  /**
   * The parts of the store, once its handlers and schedules are known, also where the app was never initialised.
   *
   * @returns null while the app's providers are being made
   */
  async ready(): Promise<StoreParts | null> {
    if (this.parts) return this.parts;
    const parts = this.around.partsOf(this.name);
    if (!parts) return null;
    await parts.lifecycle.boot();
    const limits = sharedLimits(parts.registry.all(), parts.config.limits);
    for (const { name, concurrency, settings, rateLimit } of parts.config.queues.values()) {
      const priority = settings.priority;
      this.consumed.set(name, { concurrency: Math.max(1, concurrency), priority, rateLimit, ...limits });
    }
    return (this.parts = parts);
  }

  /** How many tasks are due. */
  async due(): Promise<number> {
    const parts = await this.ready();
    await this.byHand?.settled();
    const queues = (await parts?.engine.inspecting.queues()) ?? [];
    return queues.reduce((sum, { counts }) => sum + counts.available, 0);
  }

  /** Runs the task that is served next; resolves to null where none is due. */
  async step(): Promise<RanAttempt | null> {
    const { byHand } = this;
    const parts = await this.ready();
    if (!byHand || !parts) return null;
    await byHand.settled();
    const run = this.recording(parts.attempts.run);
    const begun = { id: '', end: (): void => undefined };
    const tracked: RunTask = (delivery) => {
      begun.id = delivery.task.id;
      this.underWay.set(begun.id, new Promise<void>((resolve) => (begun.end = resolve)));
      return run(delivery);
    };
    try {
      const stepped = await byHand.runNext(this.consumed, tracked);
      if (!stepped) return null;
      const ran = ranAttempt(this.name, stepped, this.calls.take(stepped.task.id));
      for (const tell of this.listeners) tell(ran);
      return ran;
    } finally {
      this.underWay.delete(begun.id);
      begun.end();
    }
  }

  async settled(): Promise<void> {
    await this.byHand?.settled();
  }

  async clear(): Promise<void> {
    await this.byHand?.clear();
    this.recorded.length = 0;
  }

  private async stored(tasks: readonly NewTask[]): Promise<void> {
    this.record(tasks);
    if (this.around.mode === 'inline') await this.runInline(new Set(tasks.map(({ id }) => id)));
  }

  private async appDatabase(): Promise<DataSource | null> {
    const parts = this.around.partsOf(this.name);
    if (this.dataSource === null || !parts) return null;
    return findDataSource(this.dataSource, parts.moduleRef, 'dataSource');
  }

  private record(tasks: readonly NewTask[]): void {
    for (const task of tasks) this.recorded.push(recordOfTask(this.name, task));
  }

  /** Notes what is stored with an attempt's completion. */
  private recording(run: RunTask): RunTask {
    return async (delivery) => {
      const outcome = await run(delivery);
      if (outcome.kind === 'completed' && outcome.followUps) this.record(outcome.followUps);
      return outcome;
    };
  }

  /** Runs what is due until these tasks have run, and throws what the first of them threw. */
  private async runInline(ids: ReadonlySet<string>): Promise<void> {
    const failures: unknown[] = [];
    const listen = (ran: RanAttempt): void => {
      if (ids.has(ran.id) && failureOf(ran)) failures.push(ran.error);
    };
    this.listeners.add(listen);
    try {
      while (await this.step());
      // Those that somebody else has taken up.
      for (const id of ids) await this.underWay.get(id);
    } finally {
      this.listeners.delete(listen);
    }
    if (failures.length > 0) throw failures[0];
  }
}
