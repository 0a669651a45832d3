import { Sidequest } from 'sidequest';
import type { Contestant } from '../contestant.js';
import { dataOf } from '../params.js';
import type { Workload } from '../workload.js';
import { BenchJob, current } from './sidequest.job.js';

const POLL_MS = 10;

/** In this process and without worker threads, which its documentation has for SQLite and a single process. */
export class SidequestPeer implements Contestant {
  private configured = false;
  private started = false;

  constructor(private readonly file: string) {}

  async enqueue(index: number): Promise<void> {
    await this.configure();
    await Sidequest.build(BenchJob).enqueue(dataOf(index));
  }

  /** It has no call for many. */
  async enqueueMany(from: number, count: number): Promise<void> {
    for (let index = from; index < from + count; index += 1) await this.enqueue(index);
  }

  async enqueueManyAt(from: number, count: number, at: number): Promise<void> {
    await this.configure();
    for (let index = from; index < from + count; index += 1) {
      await Sidequest.build(BenchJob).availableAt(new Date(at)).enqueue(dataOf(index));
    }
  }

  async start(concurrency: number, workload: Workload): Promise<void> {
    current.workload = workload;
    if (this.configured) await Sidequest.stop();
    this.started = true;
    await Sidequest.start(this.options(concurrency));
  }

  async left(): Promise<number> {
    await this.configure();
    const { waiting, claimed, running } = await Sidequest.job.count();
    return waiting + claimed + running;
  }

  async close(): Promise<void> {
    await Sidequest.stop();
  }

  private async configure(): Promise<void> {
    if (this.configured || this.started) return;
    this.configured = true;
    await Sidequest.configure(this.options(10));
  }

  private options(concurrency: number): Parameters<typeof Sidequest.start>[0] {
    return {
      backend: { driver: '@sidequest/sqlite-backend', config: this.file },
      queues: [{ name: 'default', concurrency }],
      maxConcurrentJobs: concurrency,
      jobPollingInterval: POLL_MS,
      fork: false,
      runner: 'inline',
      gracefulShutdown: false,
      logger: { level: 'error' },
      dashboard: { enabled: false },
    };
  }
}
