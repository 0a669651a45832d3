import type Database from 'better-sqlite3';
import { better, defineQueue, defineWorker } from 'plainjob';
import type { Contestant } from '../contestant.js';
import { dataOf, dataOfRange, QUEUE, type BenchData } from '../params.js';
import { openDatabase } from '../store/database.js';
import { CREATE_ORDERS, INSERT_ORDER } from '../store/orders.js';
import type { Workload } from '../workload.js';

const SILENT = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
const POLL_MS = 10;

/** A worker of plainjob runs one job at a time, so there are as many as the concurrency. */
export class Plainjob implements Contestant {
  private readonly database: Database.Database;
  private readonly queue: ReturnType<typeof defineQueue>;
  private workers: ReturnType<typeof defineWorker>[] = [];

  constructor(file: string) {
    this.database = openDatabase(file);
    this.database.exec(CREATE_ORDERS);
    this.queue = defineQueue({ connection: better(this.database), logger: SILENT });
  }

  async enqueue(index: number): Promise<void> {
    this.queue.add(QUEUE, dataOf(index));
  }

  async enqueueMany(from: number, count: number): Promise<void> {
    this.queue.addMany(QUEUE, dataOfRange(from, count));
  }

  async enqueueManyAt(from: number, count: number, at: number): Promise<void> {
    this.queue.addMany(QUEUE, dataOfRange(from, count), { delay: Math.max(0, at - Date.now()) });
  }

  async enqueueWithin(index: number): Promise<void> {
    this.database
      .transaction(() => {
        this.database.prepare(INSERT_ORDER).run(index);
        this.queue.add(QUEUE, dataOf(index));
      })
      .immediate();
  }

  async start(concurrency: number, workload: Workload): Promise<void> {
    this.workers = Array.from({ length: concurrency }, () =>
      defineWorker(QUEUE, ({ data }) => workload.run((JSON.parse(data) as BenchData).data.index), {
        queue: this.queue,
        logger: SILENT,
        pollIntervall: POLL_MS,
      }),
    );
    // After this call, as a worker that finds work does not let the event loop turn until there is none.
    setImmediate(() => {
      for (const worker of this.workers)
        worker.start().catch((error: unknown) =>
          setImmediate(() => {
            throw error;
          }),
        );
    });
  }

  async left(): Promise<number> {
    return this.queue.countJobs({ status: 0 }) + this.queue.countJobs({ status: 1 });
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
    this.queue.close();
  }
}
