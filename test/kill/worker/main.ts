// A process that works on a store until it is ended, or ends itself at the point that its environment names. See ../support/worker-process.ts.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TasksModule } from '../../../lib/nest/index.js';
import { Ledger } from '../support/ledger.js';
import { Handlers } from './handlers.js';
import { Fate } from './kill-point.js';
import type { WorkerMessage, WorkerSetup } from './setup.js';

const setup = JSON.parse(process.argv[2]!) as WorkerSetup;
const ledger = new Ledger(setup.ledger);
const fate = Fate.in(process.env, () => ledger.write({ event: 'gone', process: setup.name }));

@Module({
  imports: [TasksModule.forRoot(setup.options)],
  providers: [{ provide: Handlers, useFactory: () => new Handlers(ledger, setup.name, fate) }],
})
class WorkerModule {}

fate.watchCommits();
const app = await NestFactory.createApplicationContext(WorkerModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
process.send!('ready' satisfies WorkerMessage);
// The parent is gone: nobody is left to end this process.
process.once('disconnect', () => process.exit());
