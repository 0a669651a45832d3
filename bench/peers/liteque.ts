import { buildDBClient, Runner, SqliteQueue } from 'liteque';
import type { Contestant } from '../contestant.js';
import { dataOf, QUEUE, type BenchData } from '../params.js';
import type { Workload } from '../workload.js';

const POLL_MS = 10;

export class Liteque implements Contestant {
  private readonly queue: SqliteQueue<BenchData>;
  private runner: Runner<BenchData> | null = null;
  private failure: Error | null = null;

  constructor(file: string) {
    const client = buildDBClient(file, { runMigrations: true, walEnabled: true });
    this.queue = new SqliteQueue<BenchData>(QUEUE, client, {
      defaultJobArgs: { numRetries: 3 },
      keepFailedJobs: true,
    });
  }

  async enqueue(index: number): Promise<void> {
    await this.queue.enqueue(dataOf(index));
  }

  /** It has no call for many. */
  async enqueueMany(from: number, count: number): Promise<void> {
    for (let index = from; index < from + count; index += 1) await this.enqueue(index);
  }

  async enqueueManyAt(from: number, count: number, at: number): Promise<void> {
    for (let index = from; index < from + count; index += 1) {
      await this.queue.enqueue(dataOf(index), { delayMs: Math.max(0, at - Date.now()) });
    }
  }

  async start(concurrency: number, workload: Workload): Promise<void> {
    const run = async ({ data }: { data: BenchData }): Promise<void> => workload.run(data.data.index);
    const options = { concurrency, pollIntervalMs: POLL_MS, timeoutSecs: 60 };
    this.runner = new Runner<BenchData>(this.queue, { run }, options);
    this.runner.run().catch((error: unknown) => (this.failure = error as Error));
  }

  async left(): Promise<number> {
    if (this.failure) throw this.failure;
    const stats = await this.queue.stats();
    return stats.pending + stats.pending_retry + stats.running;
  }

  /** It has no call to close its file. */
  async close(): Promise<void> {
    this.runner?.stop();
  }
}
