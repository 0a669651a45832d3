// An app of the bench that works off tasks whose handlers do nothing, and says how many a second.
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsEmail, IsInt, IsString } from 'class-validator';
import { TaskHandler, TasksModule } from '../../lib/nest/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { QUEUE, type DrainReport, type DrainSetup } from './setup.js';

const NAME = 'work';
const BATCH = 1_000;

const { file, concurrency, keys, tasks: count } = JSON.parse(process.argv[2]!) as DrainSetup;

class WorkParams {
  @IsEmail() to!: string;
  @IsString() subject!: string;
  @IsInt() index!: number;
}

let left = 0;
let onLast = (): void => undefined;

@Injectable()
class WorkHandler {
  @TaskHandler(NAME, { params: WorkParams, queue: QUEUE })
  handle(_params: WorkParams): void {
    left -= 1;
    if (left === 0) onLast();
  }
}

class AppModule {}
Module({
  imports: [
    TasksModule.forRoot({
      configFile: false,
      database: file,
      queues: { [QUEUE]: keys === null ? {} : { key: { concurrency: 1 } } },
      workers: { [QUEUE]: concurrency },
      admin: false,
    }),
  ],
  providers: [WorkHandler],
})(AppModule);
const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
const tasks = app.get(TaskDispatcher);

process.on('message', () => {
  void round().then((rate) => process.send!({ rate } satisfies DrainReport));
});
process.on('disconnect', () => {
  void app.close().then(() => process.exit());
});
process.send!('ready');

/** Tasks a second, from the moment at which the queue goes on to the last handler. */
async function round(): Promise<number> {
  await tasks.pauseQueue(QUEUE);
  for (let made = 0; made < count; made += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, count - made) }, (_, at) => rowOf(made + at));
    await tasks.queueMany(QUEUE, rows);
  }
  left = count;
  const last = new Promise<void>((resolve) => (onLast = resolve));
  const began = performance.now();
  await tasks.resumeQueue(QUEUE);
  await last;
  return (count * 1_000) / (performance.now() - began);
}

function rowOf(index: number) {
  const params = { to: `user${index}@example.com`, subject: 'Welcome!', index };
  return { name: NAME, params, ...(keys !== null && { options: { key: `key-${index % keys}` } }) };
}
