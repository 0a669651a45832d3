// A process that starts a large workflow, and ends itself at the commit that its environment names. See ../killed-start.spec.ts.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FINISH_START, GO_ON_WITH_START } from '../../../lib/engine/sqlite/sql/start-in-chunks.js';
import { TasksModule } from '../../../lib/nest/index.js';
import { TaskDispatcher } from '../../../lib/queueing/index.js';
import { Fate } from './kill-point.js';
import type { WorkerSetup } from './setup.js';
import { buildLarge, START_COMMIT_VARIABLE } from './large-workflow.js';

const setup = JSON.parse(process.argv[2]!) as WorkerSetup;
const fate = Fate.in(process.env, () => undefined);

@Module({ imports: [TasksModule.forRoot({ ...setup.options, workers: false, thread: false })] })
class StartModule {}

fate.watchCommits(process.env[START_COMMIT_VARIABLE] === 'last' ? FINISH_START : GO_ON_WITH_START);
const app = await NestFactory.createApplicationContext(StartModule, { logger: ['error', 'warn'] });
await buildLarge(app.get(TaskDispatcher)).start({ id: 'large' });
process.exit();
