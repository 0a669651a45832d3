// A process that works on a store until it is ended. See ../support/worker-process.ts.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TasksModule } from '../../../lib/nest/index.js';
import { Ledger } from '../support/ledger.js';
import { Handlers } from './handlers.js';
import type { WorkerMessage, WorkerSetup } from './setup.js';

const setup = JSON.parse(process.argv[2]!) as WorkerSetup;
const ledger = new Ledger(setup.ledger);

@Module({
  imports: [TasksModule.forRoot(setup.options)],
  providers: [{ provide: Handlers, useFactory: () => new Handlers(ledger, setup.name) }],
})
class WorkerModule {}

const app = await NestFactory.createApplicationContext(WorkerModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
process.send!('ready' satisfies WorkerMessage);
// The parent is gone: nobody is left to end this process.
process.once('disconnect', () => process.exit());
