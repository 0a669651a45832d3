// As workflows-main.ts, on BullMQ: trees alone, and what is done in one step is a script or a statement.
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
const OPEN = 3;

const setup = JSON.parse(process.argv[2]!) as WorkerSetup;
const ledger = new Ledger(setup.ledger);
const isToEnd = process.env[KILL_POINT_VARIABLE] !== undefined;
const fate = Fate.in(process.env, () => ledger.write({ event: 'gone', process: setup.name }));

@Module({
  imports: [TasksModule.forRoot(setup.options)],
  providers: [{ provide: Handlers, useFactory: () => new Handlers(ledger, setup.name, fate) }],
})
class WorkerModule {}

/** Three tasks and one after those; one that fails and what answers it; what waits for a failure that there is none of. */
async function startOne(tasks: TaskDispatcher): Promise<void> {
  const w = tasks.workflow('killed', { tags: { by: setup.name } });
  const wait = (): { ms: number } => ({ ms: 1 + Math.floor(Math.random() * 10) });
  const join = w.add('work', 'quick', {}, { as: 'join', after: w.each('work', 'wait', [wait(), wait(), wait()]) });
  const failing = w.add('work', 'fail', { failures: 1, retries: 0 }, { as: 'failing', maxRetries: 0 });
  const answer = w.add('work', 'quick', {}, { as: 'answer', after: failing, when: 'failed' });
  const never = w.add('work', 'quick', {}, { as: 'never', after: w.add('work', 'quick', {}), when: 'failed' });
  w.add('work', 'quick', {}, { as: 'last', after: [join, answer, never], when: 'ended' });
  await w.start();
}

async function keepUnderWay(tasks: TaskDispatcher): Promise<never> {
  for (;;) {
    const { items } = await tasks.listWorkflows({ state: 'running', limit: OPEN });
    for (let count = items.length; count < OPEN; count += 1) await startOne(tasks);
    await sleep(20);
  }
}

fate.watchScripts();
fate.watchQueries();
const app = await NestFactory.createApplicationContext(WorkerModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
process.send!('ready' satisfies WorkerMessage);
// The parent is gone: nobody is left to end this process.
process.once('disconnect', () => process.exit());
if (isToEnd) await keepUnderWay(app.get(TaskDispatcher));
