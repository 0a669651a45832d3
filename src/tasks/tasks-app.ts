import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TasksModule } from '../../lib/nest/index.js';
import { Operations } from '../../lib/operations/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';

class TasksApp {}

/** An app without HTTP that has the store of a file, and runs no task and no cron. */
export async function createTasksApp(
  database: string,
  queues: readonly string[],
): Promise<{ app: INestApplicationContext; tasks: TaskDispatcher; operations: Operations }> {
  const module = TasksModule.forRoot({
    database,
    configFile: false,
    workers: false,
    cron: false,
    admin: false,
    queues: Object.fromEntries(queues.map((queue) => [queue, {}])),
  });
  const app = await NestFactory.createApplicationContext(
    { module: TasksApp, imports: [module] },
    { logger: ['error', 'warn'], abortOnError: false },
  );
  return { app, tasks: app.get(TaskDispatcher), operations: app.get(Operations, { strict: false }) };
}
