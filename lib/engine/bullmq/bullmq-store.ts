import { messageOf, plural, type Schedule, StoreError, TasksConfigError } from '../../contract/index.js';
import type { EngineContext } from '../port/index.js';
import type { BullmqEngineOptions } from './bullmq-options.js';
import { limitGlobally } from './global-concurrency.js';
import { Cancelled } from './cancelled.js';
import type { ServerWatch } from './connections/server-watch.js';
import { EmptiedWatch } from './emptied-watch.js';
import { EventWatch } from './event-watch.js';
import { flowsOn, type Flows } from './flows/flows.js';
import { Lapses } from './lapses.js';
import { Callers } from './steps/callers.js';
import { LocalConsumers } from './local-consumers.js';
import { QueueSet } from './queue-set.js';
import { Registry } from './registry.js';
import { ScheduleNotes } from './schedules/schedule-notes.js';
import { ScheduleTicker } from './schedules/schedule-ticker.js';
import { sharedValue } from './shared-value.js';
import { TaskAdder } from './task-adder.js';
import { Happenings } from './happenings.js';
import { FailedJobs } from './failed-jobs.js';
import { TaskLists } from './task-lists.js';
import { UnhandledKinds } from './unhandled-kinds.js';
import { JobView } from './job-view.js';

/** The name of the shared value that tells one store from another in its place. */
const IDENTITY = 'identity';

/** Everything that exists while the store is open. */
export interface OpenBullmqStore {
  readonly set: QueueSet;
  readonly registry: Registry;
  readonly view: JobView;
  readonly lists: TaskLists;
  readonly failedJobs: FailedJobs;
  readonly cancelled: Cancelled;
  readonly adder: TaskAdder;
  readonly schedules: ScheduleNotes;
  readonly ticker: ScheduleTicker;
  readonly watch: EventWatch;
  readonly unhandled: UnhandledKinds;
  readonly lapses: Lapses;
  readonly callers: Callers;
  readonly flows: Flows;
}

/**
 * The connections to the server, and what stands on them.
 *
 *     closed ──open()──> open ──close()──> closed
 */
export class BullmqStore {
  readonly consumers: LocalConsumers;
  readonly happenings = new Happenings();
  /** The schedules of this process's code, by name. */
  readonly declared = new Map<string, Schedule>();
  private parts: OpenBullmqStore | null = null;
  /** Null until the store is opened; kept when it closes, as faults come then, too. */
  private server: ServerWatch | null = null;
  private emptied: EmptiedWatch | null = null;

  constructor(
    readonly options: BullmqEngineOptions,
    private readonly context: EngineContext,
  ) {
    // The end of an id is its random part. PostgreSQL cuts the name of a connection after 63 characters.
    this.consumers = new LocalConsumers(context.newId().slice(-12));
  }

  /** @throws StoreError while the store is closed */
  get opened(): OpenBullmqStore {
    if (!this.parts) throw new StoreError('The task store cannot be used: it is not open');
    return this.parts;
  }

  get isOpen(): boolean {
    return this.parts !== null;
  }

  async open(): Promise<void> {
    if (this.parts) return;
    this.assertNothingTwice();
    const set = await this.connect();
    this.server = set.server;
    this.parts = this.partsOn(set);
    await this.parts.registry.noteQueues(this.options.queues);
    await this.parts.lapses.open();
    await this.parts.flows.keeper.open();
    await this.watchForLoss(this.parts);
  }

  async close(): Promise<void> {
    if (!this.parts) return;
    const { ticker, watch, lapses, flows, set } = this.parts;
    this.parts = null;
    this.emptied?.close();
    await ticker.close();
    await lapses.close();
    await flows.keeper.close();
    await this.consumers.abandon();
    await watch.close();
    await set.close();
  }

  report(error: Error): void {
    this.server?.report(error);
  }

  /** See `TaskEngine.describeFault`. */
  describeFault(error: unknown): string | null {
    return this.server?.describe(error) ?? null;
  }

  private async watchForLoss({ set, registry, ticker }: OpenBullmqStore): Promise<void> {
    const identity = (): Promise<string> => sharedValue(set, IDENTITY, this.context.newId());
    this.emptied = new EmptiedWatch(await identity(), identity, async () => {
      await registry.declareAgain();
      for (const [queue, flow] of this.context.flows ?? []) {
        if (flow?.globalConcurrency !== undefined) await limitGlobally(set, registry, queue, flow.globalConcurrency);
      }
      await ticker.declareAgain(this.declared.values());
      const { size } = this.declared;
      this.context.logger.error(
        `${set.place} has lost everything that was stored, with all tasks that waited. This process has stored its queues ` +
          `and ${plural(size, 'cron schedule')} of its code anew and goes on; schedules that were added at run time are gone.`,
      );
    });
  }

  private assertNothingTwice(): void {
    const twice = this.options.queues.find((queue) => this.options.show?.includes(queue));
    if (twice === undefined) return;
    throw new TasksConfigError(
      `"engine.bullmq.show": queue "${twice}" is one of this app's own. Rename it there, or leave it out here.`,
    );
  }

  private async connect(): Promise<QueueSet> {
    try {
      return await QueueSet.open(this.options, this.context);
    } catch (error) {
      if (error instanceof StoreError || error instanceof TasksConfigError) throw error;
      throw new StoreError(`The task store cannot be opened: ${messageOf(error)}`, { cause: error });
    }
  }

  private partsOn(set: QueueSet): OpenBullmqStore {
    const { context, options, consumers } = this;
    const registry = new Registry(set, (message) => context.logger.warn(message), options.show);
    const view = new JobView(
      context.mask,
      (name) => registry.sensitiveOf(name),
      (queue, id) => registry.shownId(queue, id),
    );
    const lists = new TaskLists(set, registry, view);
    const cancelled = new Cancelled(set, (queue) => context.keepFor(queue, 'cancelled'));
    const watch = new EventWatch(set, registry, ({ event, id }) => {
      if (event === 'cancel' && id !== undefined) consumers.cancel(id);
    });
    const callers = new Callers({ set, registry, lists });
    const { happenings } = this;
    const flows = flowsOn({ set, registry, view, lists, cancelled, callers, happenings }, context);
    const lapses = new Lapses(context, {
      callers,
      admission: flows.admission,
      set,
      registry,
      cancelled,
      happenings,
      enqueue: (tasks) => adder.add(tasks),
    });
    const adder: TaskAdder = new TaskAdder(set, registry, watch, consumers, lapses);
    const schedules = new ScheduleNotes(registry);
    const ticker = new ScheduleTicker(
      context,
      { set, registry, lists, schedules, enqueue: (tasks) => adder.add(tasks), prune: () => flows.keeper.prune() },
      options.lease,
    );
    const failedJobs = new FailedJobs(registry, lists);
    const unhandled = new UnhandledKinds(set, registry);
    const onTasks = { lists, failedJobs, cancelled, adder, lapses, callers, flows, unhandled };
    return { set, registry, view, ...onTasks, schedules, ticker, watch };
  }
}
