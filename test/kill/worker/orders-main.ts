// As main.ts, for tasks with steps: the store is in the app's database, so that transactions are steps too. Ends itself at the
// point that its environment names.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TasksModule } from '../../../lib/nest/index.js';
import { Ledger } from '../support/ledger.js';
import { Fate } from './kill-point.js';
import { Orders } from './orders.js';
import type { WorkerMessage, WorkerSetup } from './setup.js';

const setup = JSON.parse(process.argv[2]!) as WorkerSetup;
const ledger = new Ledger(setup.ledger);
const fate = Fate.in(process.env, () => ledger.write({ event: 'gone', process: setup.name }));
const { database, ...options } = setup.options;

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'better-sqlite3', database: database! }),
    TasksModule.forRoot({ ...options, dataSource: 'default' }),
  ],
  providers: [{ provide: Orders, useFactory: () => new Orders(ledger, setup.name, fate) }],
})
class OrdersModule {}

fate.watchCommits();
const app = await NestFactory.createApplicationContext(OrdersModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
process.send!('ready' satisfies WorkerMessage);
process.once('disconnect', () => process.exit());
