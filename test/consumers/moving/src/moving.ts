import 'reflect-metadata';
import { BullModule, getQueueToken, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Job, Queue } from 'bullmq';
import { bullmq, TaskDispatcher, TaskHandler, TasksModule } from 'nestjs-tasks';

/** An app that moves: one queue is still on its own BullMQ 5, and hands on to tasks that are on SQLite already. */
const connection = { host: '127.0.0.1', port: Number(process.argv[2]), maxRetriesPerRequest: null };
const printed: string[] = [];

@Injectable()
class Labels {
  @TaskHandler('print_label', { result: true })
  async print({ order }: { order: number }): Promise<string> {
    printed.push(`label ${order}`);
    return `label ${order}`;
  }
}

@Processor('orders')
class OrderProcessor extends WorkerHost {
  constructor(private readonly tasks: TaskDispatcher) {
    super();
  }

  /** A job that BullMQ gives twice makes one task. */
  async process(job: Job<{ order: number }>): Promise<string> {
    const { id } = await this.tasks.queue('default', 'print_label', job.data, { id: `order:${job.data.order}` });
    return id;
  }
}

@Module({
  imports: [
    BullModule.forRoot({ connection }),
    BullModule.registerQueue({ name: 'orders' }),
    TasksModule.forRoot({ database: 'data/moving.db' }),
  ],
  providers: [Labels, OrderProcessor],
})
class MovingApp {}

@Module({ imports: [TasksModule.forRoot({ engine: bullmq({ connection }) })], providers: [Labels] })
class MovedTooFar {}

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(MovingApp, { logger: ['error', 'warn'] });
  const tasks = app.get(TaskDispatcher);
  const orders = app.get<Queue>(getQueueToken('orders'));
  await orders.addBulk([7, 7].map((order) => ({ name: 'paid', data: { order } })));
  const started = new Promise<void>((resolve) => {
    const unwatch = tasks.watch(() => {
      unwatch();
      resolve();
    });
  });
  await started;
  await tasks.result('order:7', { timeout: '30s' });
  console.log(printed.join());
  await app.close();

  // Its BullMQ is not one that tasks can be on: the boot says so, and what to do.
  const refused = await NestFactory.createApplicationContext(MovedTooFar, { logger: false, abortOnError: false }).then(
    () => 'It booted with BullMQ 5',
    (error: Error) => error.message,
  );
  console.log(refused);
}

void main();
