import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Injectable, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Cron, TaskHandler, TasksModule } from '../../lib/nest/index.js';
import { FAILED_QUEUE, IDLE_QUEUE } from './fill.js';

@Injectable()
class Handlers {
  @TaskHandler('drained')
  drained(): Promise<void> {
    return Promise.resolve();
  }

  @Cron('0 3 * * *', { name: 'nightly' })
  nightly(): Promise<void> {
    return Promise.resolve();
  }
}

/** An app with the panel on the store of `file`, in this process. @param more queues that it works on */
export async function startApp(
  file: string,
  more: readonly string[] = [],
): Promise<{ app: INestApplication; origin: string }> {
  const tasks = TasksModule.forRoot({
    configFile: false,
    database: file,
    admin: { access: 'local' },
    workers: {
      default: 100,
      [FAILED_QUEUE]: 0,
      [IDLE_QUEUE]: 0,
      ...Object.fromEntries(more.map((queue) => [queue, 1])),
    },
  });
  const module = class AppModule {};
  Module({ imports: [tasks], providers: [Handlers] })(module);
  const app = await NestFactory.create(module, new ExpressAdapter(), { logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, origin: `http://127.0.0.1:${port}` };
}
