import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { TaskHandler, TasksModule } from '../../lib/nest/index.js';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { QUEUE, dataOf, type BenchData } from '../params.js';
import { MailParams } from './mail-params.js';
import type { Side, SideOptions } from './side.js';

const NAME = 'mail';

/** The library as an app has it, in a Nest app. */
export async function openLibrary({ validated, port, prefix, concurrency, onRun }: SideOptions): Promise<Side> {
  @TaskHandler(NAME, { queue: QUEUE, ...(validated && { params: MailParams }) })
  class Mail {
    handle({ data }: BenchData): void {
      onRun(data.index);
    }
  }
  class App {}
  Module({
    imports: [
      TasksModule.forRoot({
        configFile: false,
        admin: false,
        engine: bullmq({ connection: { host: '127.0.0.1', port }, prefix }),
        queues: { [QUEUE]: concurrency === 0 ? {} : { concurrency } },
        workers: concurrency === 0 ? false : concurrency,
      }),
    ],
    providers: [Mail],
  })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: ['error', 'warn'] });
  const tasks = app.get(TaskDispatcher);
  return {
    enqueue: async (index) => {
      await tasks.queue(QUEUE, NAME, dataOf(index));
    },
    enqueueMany: async (indices) => {
      await tasks.queueMany(QUEUE, NAME, indices.map(dataOf));
    },
    pause: () => tasks.pauseQueue(QUEUE),
    resume: () => tasks.resumeQueue(QUEUE),
    count: async () => {
      const stats = await tasks.stats();
      const { counts } = stats.find(({ queue }) => queue === QUEUE)!;
      return counts.available + counts.running + counts.completed;
    },
    close: () => app.close(),
  };
}
