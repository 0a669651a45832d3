// A process of little memory that reads a store of large tasks, and writes what it has found. See ../large-tasks.suite.ts.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { TaskAction } from '../../../lib/contract/index.js';
import { bullmq, type BullmqOptions } from '../../../lib/engine/bullmq/index.js';
import { TasksModule } from '../../../lib/nest/index.js';
import type { BulkTarget, ListTasksQuery } from '../../../lib/operations/index.js';
import { TaskDispatcher } from '../../../lib/queueing/index.js';

export type Question =
  | { readonly list: ListTasksQuery }
  | { readonly stats: true }
  | { readonly childrenOf: string }
  | { readonly bulk: TaskAction; readonly target: BulkTarget };

const { store, questions } = JSON.parse(process.argv[2]!) as { store: BullmqOptions; questions: readonly Question[] };

@Module({ imports: [TasksModule.forRoot({ engine: bullmq(store), workers: false, admin: false, configFile: false })] })
class ReaderModule {}

const app = await NestFactory.createApplicationContext(ReaderModule, { logger: false });
const tasks = app.get(TaskDispatcher);

async function answer(question: Question): Promise<number> {
  if ('list' in question) {
    let found = 0;
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await tasks.list({ ...question.list, ...(cursor !== undefined && { cursor }) });
      found += page.items.length;
      cursor = page.nextCursor;
    }
    return found;
  }
  if ('stats' in question) return (await tasks.stats()).reduce((sum, { counts }) => sum + counts.retryable, 0);
  if ('childrenOf' in question) return (await tasks.get(question.childrenOf)).children.length;
  return (await tasks.bulk(question.bulk, question.target)).changed;
}

const answers: number[] = [];
for (const question of questions) answers.push(await answer(question));
await app.close();
process.stdout.write(JSON.stringify(answers));
