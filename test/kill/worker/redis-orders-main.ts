// As orders-main.ts, on BullMQ and Redis: there are no transactions.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TasksModule } from '../../../lib/nest/index.js';
import { Ledger } from '../support/ledger.js';
import { Fate, KILL_POINT_VARIABLE, type KillPoint } from './kill-point.js';
import { Orders } from './orders.js';
import type { WorkerMessage, WorkerSetup } from './setup.js';

const setup = JSON.parse(process.argv[2]!) as WorkerSetup;
const ledger = new Ledger(setup.ledger);
const point = process.env[KILL_POINT_VARIABLE];
const fate = new Fate(point === undefined ? null : (JSON.parse(point) as KillPoint), () =>
  ledger.write({ event: 'gone', process: setup.name }),
);

@Module({
  imports: [TasksModule.forRoot(setup.options)],
  providers: [{ provide: Orders, useFactory: () => new Orders(ledger, setup.name, fate, false) }],
})
class OrdersModule {}

fate.watchScripts();
const app = await NestFactory.createApplicationContext(OrdersModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
process.send!('ready' satisfies WorkerMessage);
process.once('disconnect', () => process.exit());
