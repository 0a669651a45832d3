import type { IQueueBackend, Queue, QueueBaseOptions, QueueEvents, Worker, WorkerOptions } from 'bullmq';
import type { Pool } from 'pg';
import { StoreError } from '../../errors/index.js';
import { loadBullmq, type BullmqLibrary } from './bullmq-library.js';
import type { BullmqEngineOptions } from './bullmq-options.js';
import { CONNECT_MS, isInTime, postgresConnections, redisConnections, type Connections } from './connections.js';
import type { EngineContext } from '../task-engine.js';
import { repeatStrategy } from './schedule-book.js';
import { seamless } from './seamless-events.js';
import type { StoredJob } from './stored-job.js';
import { taskWorker, type TaskWorkerClass } from './task-worker.js';

/** The library's own queue: what it notes of the store, and the ticks of schedules. */
const OWN_QUEUE = 'nestjs-tasks';
/** BullMQ has no state for a task that was cancelled: those of a queue wait in a queue of their own that nobody works on. */
const CANCELLED_SUFFIX = '~cancelled';

/** After so long events are looked for even where nobody told of any: PostgreSQL may tell before somebody listens. */
const LOOK_FOR_EVENTS_MS = 2_000;
/** After so long a worker looks for tasks even where nobody told it of any. */
const LONGEST_BLOCK_SECONDS = 10;
/** Events of the library's own queue that are kept. */
const MOST_EVENTS = 10_000;
/** Rows of one job's log that are read, the newest: a task that is retried for weeks may have very many. */
const MOST_LOG_ROWS = 5_000;

/** How many jobs ended, by BullMQ's count. */
export interface Counted {
  readonly count: number;
  /** A time in the minute that it is counting in. */
  readonly at: number;
  /** The count when that minute began. */
  readonly countBefore: number;
  /** How many in each of the minutes before it, the last one first. */
  readonly minutes: readonly number[];
}

export type TaskQueue = Queue<StoredJob, unknown, string>;
type Connection = QueueBaseOptions['connection'];

interface Closable {
  close(): Promise<void>;
  /** Cuts the connections: what waits for an answer fails. */
  disconnect(): Promise<void>;
}

/** Every BullMQ object that the engine uses, made on first use over one connection, and closed together. */
export class QueueSet {
  private readonly queues = new Map<string, TaskQueue>();
  /** Of what waits, on PostgreSQL. */
  private readonly pools = new WeakMap<Closable, Pool>();
  private readonly TaskWorker: TaskWorkerClass;

  private constructor(
    readonly library: BullmqLibrary,
    private readonly options: BullmqEngineOptions,
    private readonly context: Pick<EngineContext, 'nextRun'>,
    private readonly connections: Connections,
    private readonly report: (error: Error) => void,
  ) {
    this.TaskWorker = taskWorker(library);
  }

  static async open(
    options: BullmqEngineOptions,
    context: Pick<EngineContext, 'nextRun'>,
    report: (error: Error) => void,
  ): Promise<QueueSet> {
    const library = await loadBullmq();
    const connections =
      options.postgres === undefined
        ? await redisConnections(options)
        : await postgresConnections(options.postgres, library);
    connections.shared.on('error', report);
    const set = new QueueSet(library, options, context, connections, report);
    try {
      if (await isInTime(set.own.waitUntilReady(), CONNECT_MS)) return set;
      throw new StoreError(`no answer within ${CONNECT_MS / 1_000} s`);
    } catch (error) {
      await set.close();
      throw error;
    }
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
        connection: this.connections.shared as Connection,
        settings: { repeatStrategy: repeatStrategy(this.context) },
        ...(this.options.prefix === undefined ? {} : { prefix: this.options.prefix }),
        // BullMQ notes its version in every queue that it opens; in those of other code nothing is written.
        skipMetasUpdate: this.isForeign(name),
      };
      queue = (this.options.postgres === undefined
        ? new this.library.Queue(name, base)
        : new this.library.Queue(name, base, this.library.createPostgresBackend as never)) as unknown as TaskQueue;
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
    // On PostgreSQL it would be an hour: too long for a line that died without a word.
    Object.defineProperty(worker.backend, 'maximumBlockTimeout', { value: LONGEST_BLOCK_SECONDS });
    return worker;
  }

  /** Events of a queue from now on; the caller closes it. */
  events(name: string): QueueEvents {
    const options = { blockingTimeout: LOOK_FOR_EVENTS_MS };
    const made = this.make((base, factory) => new this.library.QueueEvents(name, { ...options, ...base }, factory));
    seamless(made, this.connections, name);
    return made;
  }

  /** Tells every process that hears the events of the library's own queue. */
  async publish(event: { event: string; id?: string }): Promise<void> {
    await this.own.backend.publishEvent(event, MOST_EVENTS);
  }

  /**
   * Has a worker that waits look again. BullMQ on Redis does not tell one of a job with a priority that is handed back:
   * without this, it would come by only when its blocking call times out.
   */
  async wake(queue: string): Promise<void> {
    const { shared } = this.connections;
    if ('zadd' in shared) await shared.zadd(this.queue(queue).toKey('marker'), 0, '0');
  }

  /** Tells whoever hears the events of a queue of something that BullMQ tells nobody of. */
  async tell(queue: string, event: { event: string; jobId: string }): Promise<void> {
    await this.queue(queue).backend.publishEvent(event, MOST_EVENTS);
  }

  /** The rows of a job's log, the oldest of those that are read first. */
  async logOf(queue: string, id: string): Promise<readonly string[]> {
    return (await this.queue(queue).getJobLogs(id, -MOST_LOG_ROWS, -1)).logs;
  }

  /**
   * What BullMQ has counted of jobs that ended; null where it has not begun to count.
   * @param minutes how many of the latest are wanted, from 1 on
   */
  async counted(name: string, kind: 'completed' | 'failed', minutes: number): Promise<Counted | null> {
    if ('query' in this.connections.shared) {
      // BullMQ's own answer leaves out when it counted, without which the minutes cannot be told.
      const found = await this.connections.shared.query<Record<keyof Counted, string | string[]>>(
        'SELECT count, prev_ts AS "at", prev_count AS "countBefore", data[1:$3] AS minutes FROM metrics WHERE queue = $1 AND kind = $2',
        [name, kind, minutes],
      );
      const row = found.rows[0];
      if (!row?.at) return null;
      return {
        count: Number(row.count),
        at: Number(row.at),
        countBefore: Number(row.countBefore),
        minutes: [row.minutes].flat().map(Number),
      };
    }
    const { meta, data } = await this.queue(name).getMetrics(kind, 0, minutes - 1);
    if (!meta.prevTS) return null;
    return { count: meta.count, at: meta.prevTS, countBefore: meta.prevCount, minutes: data.map(Number) };
  }

  /** Closes what {@link worker} or {@link events} made: in order, or by cutting its connections where no server answers. */
  async end(made: Closable): Promise<void> {
    const closed = made.close().catch(this.report);
    if (!(await isInTime(closed))) {
      await isInTime(made.disconnect().catch(() => undefined));
      await isInTime(closed);
    }
    await isInTime(this.pools.get(made)?.end() ?? closed);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.queues.values()].map((queue) => queue.close()));
    this.queues.clear();
    if ('quit' in this.connections.shared) {
      // Not `quit`: it waits for a server that may be gone.
      this.connections.shared.disconnect();
    } else await isInTime(this.connections.shared.end());
  }

  /** Makes what blocks or listens: it needs connections of its own. */
  private make<T extends Closable & { on(event: 'error', listener: (error: Error) => void): unknown }>(
    construct: (base: QueueBaseOptions, factory: undefined) => T,
  ): T {
    const prefix = this.options.prefix === undefined ? {} : { prefix: this.options.prefix };
    let made: T;
    if ('ownPool' in this.connections) {
      const pool = this.connections.ownPool();
      pool.on('error', this.report);
      made = construct({ connection: pool }, this.library.createPostgresBackend as never);
      this.pools.set(made, pool);
    } else made = construct({ connection: this.connections.ownOptions, ...prefix }, undefined);
    made.on('error', this.report);
    return made;
  }
}
