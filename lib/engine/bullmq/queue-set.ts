import type { Redis } from 'ioredis';
import type { IQueueBackend, Queue, QueueBaseOptions, QueueEvents, Worker, WorkerOptions } from 'bullmq';
import type { Pool } from 'pg';
import { loadBullmq, loadPostgresDriver, loadRedisDriver, type BullmqLibrary } from './bullmq-library.js';
import type { BullmqEngineOptions } from './bullmq-options.js';
import type { EngineContext } from '../task-engine.js';
import { repeatStrategy } from './schedule-book.js';
import type { StoredJob } from './stored-job.js';

/** The library's own queue: what it notes of the store, and the ticks of schedules. */
const OWN_QUEUE = 'nestjs-tasks';
/** BullMQ has no state for a task that was cancelled: those of a queue wait in a queue of their own that nobody works on. */
const CANCELLED_SUFFIX = '~cancelled';
/** A producer is told after so many reconnections that Redis is not there; a worker waits for it. */
const PRODUCER_RETRIES = 3;
/** How long a goodbye to the server may take, in milliseconds. */
const CLOSE_MS = 3_000;
/** How long it may take to connect, in milliseconds. */
const CONNECT_MS = 10_000;
/**
 * A connection on which an answer is awaited and nothing comes for so long is given up: the network may have lost it
 * without a word. Longer than BullMQ lets Redis block, and than it takes to store a great bulk.
 */
const SILENCE_MS = 30_000;
/** BullMQ's own strategy waits for up to 20 s between two tries. */
const REDIS_PATIENCE = {
  connectTimeout: CONNECT_MS,
  socketTimeout: SILENCE_MS,
  retryStrategy: (times: number) => Math.min(times * 50, 2_000),
};
const POSTGRES_PATIENCE = { keepAlive: true, connectionTimeoutMillis: CONNECT_MS, query_timeout: SILENCE_MS } as const;

/** Events of the library's own queue that are kept. */
const MOST_EVENTS = 10_000;
/** BullMQ's own choice; a pool that is shared has to be told. */
const SCHEMA = 'bullmq';

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

  private constructor(
    readonly library: BullmqLibrary,
    private readonly options: BullmqEngineOptions,
    private readonly context: Pick<EngineContext, 'nextRun'>,
    private readonly shared: Redis | Pool,
    private readonly report: (error: Error) => void,
  ) {}

  static async open(
    options: BullmqEngineOptions,
    context: Pick<EngineContext, 'nextRun'>,
    report: (error: Error) => void,
  ): Promise<QueueSet> {
    const library = await loadBullmq();
    const shared =
      options.postgres === undefined ? await redisClient(options) : await postgresPool(options.postgres, library);
    shared.on('error', report);
    const set = new QueueSet(library, options, context, shared, report);
    await set.own.waitUntilReady();
    return set;
  }

  /** Whether BullMQ keeps the stacks of a job that is retried after it has failed. */
  get keepsStacks(): boolean {
    return this.options.postgres === undefined;
  }

  /** The library's own queue. */
  get own(): TaskQueue {
    return this.queue(OWN_QUEUE);
  }

  queue(name: string): TaskQueue {
    let queue = this.queues.get(name);
    if (!queue) {
      const base = {
        connection: this.shared as Connection,
        settings: { repeatStrategy: repeatStrategy(this.context) },
        ...(this.options.prefix === undefined ? {} : { prefix: this.options.prefix }),
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

  cancelledOf(name: string): TaskQueue {
    return this.queue(`${name}${CANCELLED_SUFFIX}`);
  }

  worker(
    name: string,
    process: ConstructorParameters<typeof Worker<StoredJob>>[1] & object,
    options: Omit<WorkerOptions, 'connection'>,
  ): Worker<StoredJob, unknown, string, IQueueBackend> {
    const made = this.make((base, factory) => new this.library.Worker(name, process, { ...options, ...base }, factory));
    return made as Worker<StoredJob, unknown, string, IQueueBackend>;
  }

  /** Events of a queue from now on; the caller closes it. */
  events(name: string): QueueEvents {
    return this.make((base, factory) => new this.library.QueueEvents(name, base, factory));
  }

  /** Tells every process that hears the events of the library's own queue. */
  async publish(event: { event: string; id?: string }): Promise<void> {
    await this.own.backend.publishEvent(event, MOST_EVENTS);
  }

  /** Tells whoever hears the events of a queue of something that BullMQ tells nobody of. */
  async tell(queue: string, event: { event: string; jobId: string }): Promise<void> {
    await this.queue(queue).backend.publishEvent(event, MOST_EVENTS);
  }

  /** What BullMQ has counted of jobs that ended; null where it has not begun to count. */
  async counted(name: string, kind: 'completed' | 'failed'): Promise<Counted | null> {
    if ('query' in this.shared) {
      // BullMQ's own answer leaves out when it counted, without which the minutes cannot be told.
      const found = await this.shared.query<Record<keyof Counted, string | string[]>>(
        'SELECT count, prev_ts AS "at", prev_count AS "countBefore", data AS minutes FROM metrics WHERE queue = $1 AND kind = $2',
        [name, kind],
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
    const { meta, data } = await this.queue(name).getMetrics(kind);
    if (!meta.prevTS) return null;
    return { count: meta.count, at: meta.prevTS, countBefore: meta.prevCount, minutes: data.map(Number) };
  }

  /** Closes what {@link worker} or {@link events} made: in order, or by cutting its connections where no server answers. */
  async end(made: Closable): Promise<void> {
    const closed = made.close().catch(this.report);
    if (await isInTime(closed)) return;
    await isInTime(made.disconnect().catch(() => undefined));
    await isInTime(closed);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.queues.values()].map((queue) => queue.close()));
    this.queues.clear();
    if ('quit' in this.shared) {
      // Not `quit`: it waits for a server that may be gone.
      this.shared.disconnect();
    } else await isInTime(this.shared.end());
  }

  /** Makes what blocks or listens: it needs connections of its own. */
  private make<T extends Closable & { on(event: 'error', listener: (error: Error) => void): unknown }>(
    construct: (base: QueueBaseOptions, factory: undefined) => T,
  ): T {
    const { postgres, connection, prefix } = this.options;
    const made =
      postgres === undefined
        ? construct(
            {
              connection: { ...REDIS_PATIENCE, ...connection, maxRetriesPerRequest: null },
              ...(prefix === undefined ? {} : { prefix }),
            },
            undefined,
          )
        : construct(
            { connection: { ...POSTGRES_PATIENCE, connectionString: postgres, max: 4 } },
            this.library.createPostgresBackend as never,
          );
    made.on('error', this.report);
    return made;
  }
}

async function isInTime(closing: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), CLOSE_MS)));
  try {
    return await Promise.race([closing.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function redisClient({ connection }: BullmqEngineOptions): Promise<Redis> {
  const { Redis: Client } = await loadRedisDriver();
  return new Client({ ...REDIS_PATIENCE, ...connection, maxRetriesPerRequest: PRODUCER_RETRIES });
}

async function postgresPool(
  connectionString: string,
  { Queue: Constructor, createPostgresBackend }: BullmqLibrary,
): Promise<Pool> {
  const { Pool: Client } = await loadPostgresDriver();
  const migrating = new Constructor(
    OWN_QUEUE,
    { connection: { ...POSTGRES_PATIENCE, connectionString, migrate: true } },
    createPostgresBackend as never,
  );
  try {
    await migrating.waitUntilReady();
  } finally {
    await migrating.close();
  }
  return new Client({ ...POSTGRES_PATIENCE, connectionString, options: `-c search_path=${SCHEMA}` });
}
