import type { EventEmitter } from 'node:events';
import type { IQueueBackend, QueueBaseOptions, QueueEvents, Worker, WorkerOptions } from 'bullmq';
import { StoreError } from '../../contract/index.js';
import { isInTime } from '../common/index.js';
import { loadBullmq, type BullmqLibrary } from './bullmq-library.js';
import type { BullmqEngineOptions } from './bullmq-options.js';
import { CLOSE_MS, CONNECT_MS, isPgPool, type Connections, type OwnConnection } from './connections/connections.js';
import { postgresConnections } from './connections/postgres-connections.js';
import { redisConnections } from './connections/redis-connections.js';
import { isFinal } from './connections/server-faults.js';
import { ServerWatch, unusable } from './connections/server-watch.js';
import type { EngineContext } from '../port/index.js';
import { repeatStrategy } from './schedules/repeat-strategy.js';
import { CANCELLED_SUFFIX, OWN_QUEUE, queueNameProblem } from './queue-names.js';
import { blockBriefly } from './patches/brief-block.js';
import { PostgresSteps } from './patches/postgres-steps.js';
import { RawFlows } from './patches/raw-flows.js';
import { RawJobs } from './patches/raw-jobs.js';
import { RawStore } from './patches/raw-store.js';
import { RawWaiting } from './patches/raw-waiting.js';
import { RedisSteps } from './patches/redis-steps.js';
import { seamless } from './patches/seamless-events.js';
import type { StepRows } from './steps/step-rows.js';
import type { StoredJob, TaskJob, TaskQueue } from './task-job.js';
import { taskWorker, type TaskWorkerClass } from './patches/task-worker.js';

/** After so long events are looked for even where nobody told of any: PostgreSQL may tell before somebody listens. */
const LOOK_FOR_EVENTS_MS = 2_000;
/** Events of the library's own queue that are kept. */
const MAX_EVENTS = 10_000;
const LATE = new Error(`no answer within ${CONNECT_MS / 1_000} s`);
/** Rows of one job's log that are read, the newest: a task that is retried for weeks may have very many. */
const MAX_LOG_ROWS = 5_000;

interface Closable {
  close(): Promise<void>;
  /** Cuts the connections: what waits for an answer fails. */
  disconnect(): Promise<void>;
}

/** Every BullMQ object that the engine uses, made on first use over one connection, and closed together. */
export class QueueSet {
  private readonly queues = new Map<string, TaskQueue>();
  /** Connections of workers and listeners. */
  private readonly ownConnections = new WeakMap<Closable, OwnConnection>();
  private readonly TaskWorker: TaskWorkerClass;
  /** What BullMQ answers nobody. */
  readonly raw: RawStore;
  readonly waiting: RawWaiting;
  readonly jobs: RawJobs;
  readonly steps: StepRows;
  readonly flows: RawFlows;
  private readonly report = (error: Error): void => this.server.report(error);

  private constructor(
    readonly library: BullmqLibrary,
    private readonly options: BullmqEngineOptions,
    private readonly context: Pick<EngineContext, 'nextRun'>,
    private readonly connections: Connections,
    /** Whether the server is there, and what is told of that. */
    readonly server: ServerWatch,
  ) {
    this.TaskWorker = taskWorker(library);
    this.raw = new RawStore(connections.shared, (name) => this.queue(name));
    this.waiting = new RawWaiting(connections.shared, (name) => this.queue(name));
    this.jobs = new RawJobs(connections.shared, (name) => this.queue(name), library);
    this.flows = new RawFlows(connections.shared, (name) => this.queue(name));
    const { shared } = connections;
    this.steps = isPgPool(shared) ? new PostgresSteps(shared) : new RedisSteps(shared, (name) => this.queue(name));
  }

  /** @throws StoreError where the server cannot be used, saying where it is and what would be right */
  static async open(
    options: BullmqEngineOptions,
    context: Pick<EngineContext, 'nextRun' | 'logger'>,
  ): Promise<QueueSet> {
    const library = await loadBullmq();
    const connections =
      options.postgres === undefined
        ? await redisConnections(options)
        : await postgresConnections(options.postgres, library);
    const server = new ServerWatch(connections.place, context.logger);
    const set = new QueueSet(library, options, context, connections, server);
    let fault: unknown;
    const refused = new Promise<never>((_, reject) => {
      connections.shared.on('error', (error: Error) => {
        fault = error;
        if (isFinal(error)) reject(error);
      });
    });
    refused.catch(() => undefined);
    try {
      await connections.prepare();
      if (!(await isInTime(Promise.race([set.own.waitUntilReady(), refused]), CONNECT_MS))) throw fault ?? LATE;
    } catch (error) {
      await set.close();
      const what = error === LATE ? `${connections.place}: ${LATE.message}` : unusable(connections.place, error);
      throw new StoreError(`The task store cannot be opened: ${what}.`, { cause: error });
    }
    connections.shared.on('error', set.report);
    (connections.shared as EventEmitter).on(connections.connected, () => server.answered());
    return set;
  }

  /** Where the server is, for messages. */
  get place(): string {
    return this.connections.place;
  }

  /** See {@link queueNameProblem}. */
  queueNameProblem(name: string): string | null {
    return queueNameProblem(name, this.options);
  }

  /** Whether BullMQ keeps the stacks of a job that is retried after it has failed. */
  get keepsStacks(): boolean {
    return this.options.postgres === undefined;
  }

  /** Whether a list has an order also among jobs that came into it at the same time. */
  get keepsOrder(): boolean {
    return this.options.postgres === undefined;
  }

  /** Whether a bulk of jobs becomes visible together. */
  get addsInOneStep(): boolean {
    return this.options.postgres !== undefined;
  }

  /** The library's own queue. */
  get own(): TaskQueue {
    return this.queue(OWN_QUEUE);
  }

  queue(name: string): TaskQueue {
    let queue = this.queues.get(name);
    if (!queue) {
      const base = {
        ...this.baseOn(this.connections.shared),
        settings: { repeatStrategy: repeatStrategy(this.context) },
        // BullMQ notes its version in every queue that it opens; in those of other code nothing is written.
        skipMetasUpdate: this.isForeign(name),
      };
      queue = new this.library.Queue(name, base, this.backend) as unknown as TaskQueue;
      queue.on('error', this.report);
      this.queues.set(name, queue);
      // BullMQ never forgets that a queue could not be made ready: one that met no server is made anew.
      const made = queue;
      made.waitUntilReady().catch(() => {
        if (this.queues.get(name) === made) this.queues.delete(name);
        made.close().catch(() => undefined);
      });
    }
    return queue;
  }

  private isForeign(name: string): boolean {
    return (this.options.show ?? []).some((shown) => name === shown || name === `${shown}${CANCELLED_SUFFIX}`);
  }

  cancelledOf(name: string): TaskQueue {
    return this.queue(`${name}${CANCELLED_SUFFIX}`);
  }

  worker(
    name: string,
    process: ConstructorParameters<typeof Worker<StoredJob>>[1] & object,
    options: Omit<WorkerOptions, 'connection'>,
  ): Worker<StoredJob, unknown, string, IQueueBackend> {
    const made = this.make((base, factory) => new this.TaskWorker(name, process, { ...options, ...base }, factory));
    const worker = made as Worker<StoredJob, unknown, string, IQueueBackend>;
    blockBriefly(worker);
    return worker;
  }

  /**
   * Events of a queue from when `onBegin` is called on; the caller closes it. A connection has to be made first, so that is
   * later than the call of this method.
   */
  events(name: string, onBegin: () => void): QueueEvents {
    const options = { blockingTimeout: LOOK_FOR_EVENTS_MS };
    const made = this.make((base, factory) => new this.library.QueueEvents(name, { ...options, ...base }, factory));
    seamless(made, this.connections, name, onBegin);
    return made;
  }

  /** Tells every process that hears the events of the library's own queue. */
  async publish(event: { event: string; id?: string }): Promise<void> {
    await this.own.backend.publishEvent(event, MAX_EVENTS);
  }

  /** Tells whoever hears the events of a queue of something that BullMQ tells nobody of. */
  async tell(queue: string, event: { event: string; jobId: string }): Promise<void> {
    await this.queue(queue).backend.publishEvent(event, MAX_EVENTS);
  }

  /** Removes a job, and tells of it: BullMQ does so on Redis alone. @throws where it is locked */
  async remove(queue: string, job: TaskJob): Promise<void> {
    // What it has waited for stays.
    await job.remove({ removeChildren: false });
    if (isPgPool(this.connections.shared)) await this.tell(queue, { event: 'removed', jobId: job.id! });
  }

  /** The rows of a job's log, the oldest of those that are read first. */
  async logOf(queue: string, id: string): Promise<readonly string[]> {
    return (await this.queue(queue).getJobLogs(id, -MAX_LOG_ROWS, -1)).logs;
  }

  /** The last row of a job's log, if there is one. */
  async lastLogOf(queue: string, id: string): Promise<readonly string[]> {
    return (await this.queue(queue).getJobLogs(id, -1, -1)).logs;
  }

  /** Closes what {@link worker} or {@link events} made: in order, or by cutting its connections where no server answers. */
  async end(made: Closable): Promise<void> {
    const closed = made.close().catch(this.report);
    if (!(await isInTime(closed, CLOSE_MS))) {
      await isInTime(
        made.disconnect().catch(() => undefined),
        CLOSE_MS,
      );
      await isInTime(closed, CLOSE_MS);
    }
    await isInTime(this.ownConnections.get(made)?.end() ?? closed, CLOSE_MS);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.queues.values()].map((queue) => queue.close()));
    this.queues.clear();
    const { shared } = this.connections;
    if (isPgPool(shared)) await isInTime(shared.end(), CLOSE_MS);
    // Not `quit`: it waits for a server that may be gone.
    else shared.disconnect();
  }

  private baseOn(connection: object): QueueBaseOptions {
    const { prefix } = this.options;
    return { connection, ...(prefix !== undefined && { prefix }) };
  }

  /** BullMQ's own choice for Redis. */
  private get backend(): undefined {
    return this.options.postgres === undefined ? undefined : (this.library.createPostgresBackend as never);
  }

  /** Makes what blocks or listens: it needs connections of its own. */
  private make<T extends Closable & { on(event: 'error', listener: (error: Error) => void): unknown }>(
    construct: (base: QueueBaseOptions, factory: undefined) => T,
  ): T {
    const own = this.connections.own();
    if (isPgPool(own.connection)) {
      own.connection.on('error', this.report);
      own.connection.on('connect', () => this.server.answered());
    }
    const made = construct(this.baseOn(own.connection), this.backend);
    this.ownConnections.set(made, own);
    made.on('error', this.report);
    return made;
  }
}
