// A process that works on a store until it is ended, or until a task ends it. See ../../kill/support/worker-process.ts.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TasksModule } from '../../../lib/nest/index.js';
import { Ledger } from '../../kill/support/ledger.js';
import type { WorkerMessage, WorkerSetup } from '../../kill/worker/setup.js';
import { BadHandlers } from './bad-handlers.js';

const setup = JSON.parse(process.argv[2]!) as WorkerSetup;
const ledger = new Ledger(setup.ledger);

@Module({
  imports: [TasksModule.forRoot(setup.options)],
  providers: [{ provide: BadHandlers, useFactory: () => new BadHandlers(ledger, setup.name) }],
})
class WorkerModule {}

const app = await NestFactory.createApplicationContext(WorkerModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
process.send!('ready' satisfies WorkerMessage);
// The parent is gone: nobody is left to end this process.
process.once('disconnect', () => process.exit());
