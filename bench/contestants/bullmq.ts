import { createPostgresBackend, Queue, Worker, type WorkerOptions } from 'bullmq';
import type { Contestant } from '../contestant.js';
import { dataOf, dataOfRange, QUEUE, type BenchData } from '../params.js';
import type { Workload } from '../workload.js';

type Address = { connection: WorkerOptions['connection']; factory: typeof createPostgresBackend | undefined };
type BenchQueue = Queue<BenchData, unknown, string>;

/** BullMQ on whichever of its two stores the address is of. */
export class Bullmq implements Contestant {
  private readonly address: Address;
  private opened: Promise<BenchQueue> | null = null;
  private worker: Worker<BenchData> | null = null;

  constructor(store: string) {
    this.address = store.startsWith('redis:') ? onRedis(store) : onPostgres(store);
  }

  async enqueue(index: number): Promise<void> {
    await (await this.queue()).add('task', dataOf(index));
  }

  async enqueueMany(from: number, count: number): Promise<void> {
    await (await this.queue()).addBulk(dataOfRange(from, count).map((data) => ({ name: 'task', data })));
  }

  async enqueueManyAt(from: number, count: number, at: number): Promise<void> {
    const opts = { delay: Math.max(0, at - Date.now()) };
    await (await this.queue()).addBulk(dataOfRange(from, count).map((data) => ({ name: 'task', data, opts })));
  }

  async prepare(): Promise<void> {
    await (await this.queue()).pause();
  }

  async start(concurrency: number, workload: Workload): Promise<void> {
    const queue = await this.queue();
    const { connection, factory } = this.address;
    this.worker = new Worker<BenchData>(
      QUEUE,
      async ({ data }) => workload.run(data.data.index),
      {
        connection,
        concurrency,
      },
      factory as never,
    );
    this.worker.on('error', () => undefined);
    await this.worker.waitUntilReady();
    if (await queue.isPaused()) await queue.resume();
  }

  async left(): Promise<number> {
    const queue = await this.queue();
    const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  }

  async close(): Promise<void> {
    await this.worker?.close(true);
    await (await this.opened)?.close();
  }

  private queue(): Promise<BenchQueue> {
    this.opened ??= this.open();
    return this.opened;
  }

  private async open(): Promise<BenchQueue> {
    const { connection, factory } = this.address;
    const queue: BenchQueue = new Queue(QUEUE, { connection }, factory as never);
    queue.on('error', () => undefined);
    await queue.waitUntilReady();
    return queue;
  }
}

function onRedis(store: string): Address {
  const { hostname, port } = new URL(store);
  return { connection: { host: hostname, port: Number(port), maxRetriesPerRequest: null }, factory: undefined };
}

function onPostgres(store: string): Address {
  return {
    connection: { connectionString: store, migrate: true },
    factory: createPostgresBackend,
  };
}
