// A process that works on a store, or enqueues, until it is ended. See ../processes.ts.
import 'reflect-metadata';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SystemClock } from '../../../lib/clock/index.js';
import type { TasksModuleRootOptions } from '../../../lib/config/index.js';
import { TasksModule } from '../../../lib/nest/index.js';
import { TaskDispatcher } from '../../../lib/queueing/index.js';
import { LedgerWriter, type ProcessEvent, steadyNow } from '../ledger.js';
import { AppDatabase } from './app-database.js';
import { breakEngine } from './broken-engines.js';
import { Desk } from './desk.js';
import { Handlers } from './handlers.js';
import { JumpingClock } from './jumping-clock.js';
import { Producer } from './producer.js';
import { SaidInLedger } from './said-in-ledger.js';
import { stateOfEngine } from './state-of-engine.js';
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

const noteClock = (): void =>
  ledger.write({ event: 'clock', at: steadyNow(), now: Date.now(), offset: clock?.offset ?? 0 });
noteClock();

const app = setup.app && (await AppDatabase.open(setup.app.file));
const time = clock ?? new SystemClock();
const desk = new Desk(setup.name, ledger, app && { database: app, relays: setup.app?.holds === 'outbox' }, time);
const options: TasksModuleRootOptions = {
  ...setup.options,
  ...(clock && { clock }),
  ...(app && setup.app?.holds === 'tasks' && { database: undefined, dataSource: app.dataSource }),
  ...(app && setup.app?.holds === 'outbox' && { outbox: { dataSource: app.dataSource } }),
};

@Module({
  imports: [TasksModule.forRoot(options)],
  providers: works ? [{ provide: Handlers, useFactory: () => new Handlers(ledger, desk, time) }] : [],
})
class ChaosModule {}

const context = await NestFactory.createApplicationContext(ChaosModule, {
  logger: new SaidInLedger(ledger),
  abortOnError: false,
});
context.enableShutdownHooks();
const dispatcher = context.get(TaskDispatcher);
const producer = setup.production && new Producer(dispatcher, desk, setup.production, clock !== null);

const tell = (notice: Notice): void => void process.send!(notice);
process.on('message', (order: Order) => {
  switch (order.order) {
    case 'stop-producing':
      return producer?.stop();
    case 'poison':
      return void desk.allow(desk.queue(dispatcher, 'poison', { key: desk.key() }));
    case 'pause':
    case 'resume':
      return void desk.allow(desk[order.order](dispatcher, order.queue));
    case 'move-clock':
      if (!clock) return;
      clock.offset = order.offset;
      return noteClock();
    case 'say-state':
      return ledger.write({
        event: 'said',
        at: steadyNow(),
        text: stateOfEngine(),
      });
  }
});
// The parent is gone: nobody is left to end this process.
process.once('disconnect', () => process.exit());
ledger.write({ event: 'booted', at: steadyNow(), from: bornAt, works });
tell('ready');
if (producer) {
  await producer.run();
  tell('stopped-producing');
}
