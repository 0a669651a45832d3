// A process that enqueues, and exits in the middle of it once it is told to. See ../exiting.spec.ts.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TasksModule } from '../../../lib/nest/index.js';
import { TaskDispatcher } from '../../../lib/queueing/index.js';

const [database, code] = process.argv.slice(2);

@Module({ imports: [TasksModule.forRoot({ database: database!, configFile: false, admin: false, workers: false })] })
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
const tasks = app.get(TaskDispatcher);
process.on('message', (pause: number) => {
  for (let count = 0; count < 100; count += 1) tasks.queue('default', 'work', {}).catch(() => undefined);
  setTimeout(() => process.exit(Number(code)), pause);
});
process.once('disconnect', () => process.exit());
process.send!('ready');
