// As main.ts, for workflows: keeps some under way, and ends itself at the commit that its environment names. Without one it starts
// none, and only works off what is there.
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TasksModule } from '../../../lib/nest/index.js';
import { TaskDispatcher } from '../../../lib/queueing/index.js';
import { Ledger } from '../support/ledger.js';
import { Handlers } from './handlers.js';
import { Fate, KILL_POINT_VARIABLE } from './kill-point.js';
import type { WorkerMessage, WorkerSetup } from './setup.js';

/** Workflows that are kept under way. */
const OPEN = 4;

const setup = JSON.parse(process.argv[2]!) as WorkerSetup;
const ledger = new Ledger(setup.ledger);
const isToEnd = process.env[KILL_POINT_VARIABLE] !== undefined;
const fate = Fate.in(process.env, () => ledger.write({ event: 'gone', process: setup.name }));

@Module({
  imports: [TasksModule.forRoot({ ...setup.options, thread: false })],
  providers: [{ provide: Handlers, useFactory: () => new Handlers(ledger, setup.name, fate) }],
})
class WorkerModule {}

/** Three tasks after one, one after those; one that fails, what waits for that and is cancelled, and what answers it. */
async function startOne(tasks: TaskDispatcher): Promise<void> {
  const w = tasks.workflow('killed', { tags: { by: setup.name } });
  const wait = (): { ms: number } => ({ ms: 1 + Math.floor(Math.random() * 10) });
  const first = w.add('work', 'wait', wait(), { as: 'first' });
  const many = w.each('work', 'wait', [wait(), wait(), wait()], { as: 'many', after: first });
  w.add('work', 'quick', {}, { as: 'join', after: many });
  const failing = w.add('work', 'fail', { failures: 1, retries: 0 }, { as: 'failing', after: first, maxRetries: 0 });
  const never = w.add('work', 'quick', {}, { as: 'never', after: failing });
  w.add('work', 'quick', {}, { as: 'nor', after: never });
  w.add('work', 'quick', {}, { as: 'answer', after: failing, when: 'failed' });
  w.add('work', 'quick', {}, { as: 'whatever', after: never, when: 'ended' });
  await w.start();
}

async function keepUnderWay(tasks: TaskDispatcher): Promise<never> {
  for (;;) {
    const { items } = await tasks.listWorkflows({ state: 'running', limit: OPEN });
    for (let count = items.length; count < OPEN; count += 1) await startOne(tasks);
    await sleep(5);
  }
}

fate.watchCommits();
const app = await NestFactory.createApplicationContext(WorkerModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
process.send!('ready' satisfies WorkerMessage);
// The parent is gone: nobody is left to end this process.
process.once('disconnect', () => process.exit());
if (isToEnd) await keepUnderWay(app.get(TaskDispatcher));
