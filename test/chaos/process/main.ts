// A process that works on a store, or enqueues, until it is ended. See ../processes.ts.
import 'reflect-metadata';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TaskDispatcher, TasksModule, type TasksModuleRootOptions } from '../../../lib/index.js';
import { LedgerWriter, type ProcessEvent, steadyNow } from '../ledger.js';
import { AppDatabase } from './app-database.js';
import { breakEngine } from './broken-engines.js';
import { Desk } from './desk.js';
import { Handlers } from './handlers.js';
import { JumpingClock } from './jumping-clock.js';
import { Producer } from './producer.js';
import type { Notice, Order, ProcessSetup } from './setup.js';
import { watchEventLoop, watchForStalls } from './stall-watch.js';

const setup = JSON.parse(process.argv[2]!) as ProcessSetup;
const bornAt = steadyNow();
const ledger = new LedgerWriter<ProcessEvent>(setup.ledger, setup.name);
const clock = setup.clockOffset === null ? null : new JumpingClock(setup.clockOffset);
const works = setup.options.workers !== false;
if (setup.brokenEngine) breakEngine(setup.brokenEngine);
const longestStall = Number(setup.options.lease) / 4;
if (works) watchForStalls(join(setup.ledger, `${setup.name}.jsonl`), longestStall);
if (works && setup.options.engine) watchEventLoop(ledger, longestStall);

const app = setup.app && (await AppDatabase.open(setup.app.file));
const desk = new Desk(setup.name, ledger, app);
const options: TasksModuleRootOptions = {
  ...setup.options,
  ...(clock && { clock }),
  ...(app && setup.app?.holds === 'tasks' && { database: undefined, dataSource: app.dataSource }),
  ...(app && setup.app?.holds === 'outbox' && { outbox: { dataSource: app.dataSource } }),
};

@Module({
  imports: [TasksModule.forRoot(options)],
  providers: works ? [{ provide: Handlers, useFactory: () => new Handlers(ledger, desk) }] : [],
})
class ChaosModule {}

const context = await NestFactory.createApplicationContext(ChaosModule, {
  // Tasks that fail on purpose would fill it.
  logger: false,
  abortOnError: false,
});
context.enableShutdownHooks();
const producer = setup.production && new Producer(context.get(TaskDispatcher), desk, setup.production);

const tell = (notice: Notice): void => void process.send!(notice);
process.on('message', (order: Order) => {
  if (order.order === 'stop-producing') producer?.stop();
  else if (clock) clock.offset = order.offset;
});
// The parent is gone: nobody is left to end this process.
process.once('disconnect', () => process.exit());
ledger.write({ event: 'booted', at: steadyNow(), from: bornAt });
tell('ready');
if (producer) {
  await producer.run();
  tell('stopped-producing');
}
