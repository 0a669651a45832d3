import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TaskDispatcher, TasksModule } from '../lib/index.js';
import { inParallel, percentile, rate } from './measurement.js';
import type { Contestant, Latency } from './contestant.js';
import { BenchHandler, NAME, params, QUEUE } from './tasks.js';

const CONCURRENCY = 10;

/** The library as an app has it: a Nest app, params checked by class-validator at both ends, `synchronous=FULL`. */
export class Library implements Contestant {
  constructor(private readonly file: string) {}

  async enqueue(count: number, callers: number): Promise<number> {
    return this.withApp(0, async ({ tasks }) => {
      const result = await rate(count, () =>
        inParallel(count, callers, async (index) => {
          await tasks.queue(QUEUE, NAME, params(index));
        }),
      );
      await this.expectCount(tasks, 'available', count);
      return result;
    });
  }

  async enqueueMany(count: number, size: number): Promise<number> {
    return this.withApp(0, async ({ tasks }) => {
      const result = await rate(count, async () => {
        for (let start = 0; start < count; start += size) await this.fill(tasks, start, size);
      });
      await this.expectCount(tasks, 'available', count);
      return result;
    });
  }

  async drain(count: number): Promise<number> {
    return this.withApp(CONCURRENCY, async ({ tasks, handler }) => {
      await tasks.pauseQueue(QUEUE);
      for (let start = 0; start < count; start += 1_000) await this.fill(tasks, start, 1_000);
      const result = await rate(count, async () => {
        await tasks.resumeQueue(QUEUE);
        await this.completed(tasks, count);
      });
      const once = [...handler.runs.values()].filter((runs) => runs === 1).length;
      if (once !== count || handler.runs.size !== count) {
        throw new Error(`${once} of ${count} tasks ran exactly once, ${handler.runs.size} ran at all`);
      }
      return result;
    });
  }

  async pickUp(count: number): Promise<Latency> {
    return this.withApp(CONCURRENCY, async ({ tasks, handler }) => {
      const times: number[] = [];
      for (let index = 0; index < count; index += 1) {
        const ran = new Promise<number>((resolve) => (handler.onRun = () => resolve(performance.now())));
        const began = performance.now();
        await tasks.queue(QUEUE, NAME, params(index));
        times.push((await ran) - began);
        await this.completed(tasks, index + 1);
      }
      return { p50: percentile(times, 0.5), p95: percentile(times, 0.95) };
    });
  }

  private async fill(tasks: TaskDispatcher, start: number, size: number): Promise<void> {
    const rows = Array.from({ length: size }, (_, offset) => params(start + offset));
    await tasks.queueMany(QUEUE, NAME, rows);
  }

  /** Resolves when `count` tasks are stored as completed. */
  private completed(tasks: TaskDispatcher, count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let asking = false;
      const look = async (): Promise<void> => {
        if (asking) return;
        asking = true;
        if ((await countOf(tasks, 'completed')) === count) {
          stop();
          resolve();
        }
        asking = false;
      };
      const stop = tasks.watch(() => void look().catch(reject));
      look().catch(reject);
    });
  }

  private async expectCount(tasks: TaskDispatcher, state: 'available', count: number): Promise<void> {
    const stored = await countOf(tasks, state);
    if (stored !== count) throw new Error(`${stored} tasks are ${state}, and ${count} should be`);
  }

  private async withApp<T>(
    concurrency: number,
    work: (app: { tasks: TaskDispatcher; handler: BenchHandler }) => Promise<T>,
  ): Promise<T> {
    class AppModule {}
    Module({
      imports: [
        TasksModule.forRoot({
          configFile: false,
          database: this.file,
          synchronous: 'full',
          workers: { [QUEUE]: concurrency },
          admin: false,
        }),
      ],
      providers: [BenchHandler],
    })(AppModule);
    const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
    try {
      return await work({ tasks: app.get(TaskDispatcher), handler: app.get(BenchHandler) });
    } finally {
      await app.close();
    }
  }
}

async function countOf(tasks: TaskDispatcher, state: 'available' | 'completed'): Promise<number> {
  return (await tasks.stats()).find(({ queue }) => queue === QUEUE)?.counts[state] ?? 0;
}
