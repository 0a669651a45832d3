import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsEmail, IsObject, IsString } from 'class-validator';
import { TaskDispatcher, TaskHandler, TasksModule, bullmq } from '../../lib/index.js';
import { QUEUE, dataOf } from '../params.js';
import type { Side, SideOptions } from './side.js';

const NAME = 'mail';

/** What an app would have its params checked for. */
class MailParams {
  @IsEmail() to!: string;
  @IsString() subject!: string;
  @IsString() template!: string;
  @IsObject() data!: { readonly index: number };
}

/** The library as an app has it: a Nest app, params checked by class-validator at both ends. */
export async function openLibrary({ port, prefix, concurrency, onRun }: SideOptions): Promise<Side> {
  @TaskHandler(NAME, { params: MailParams, queue: QUEUE })
  class Mail {
    handle({ data }: MailParams): void {
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
