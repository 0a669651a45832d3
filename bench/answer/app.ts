import 'reflect-metadata';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TaskHandler, TasksModule } from '../../lib/nest/index.js';

const QUEUE = 'answers';
export const NAME = 'answer';

@Injectable()
class Answers {
  @TaskHandler(NAME, { queue: QUEUE, result: true })
  answer({ n }: { n: number }): { n: number } {
    return { n };
  }
}

/** One of the two processes: that which asks knows the handler too, and has no worker. */
export function bootAnswers(database: string, workers: number | false): Promise<INestApplicationContext> {
  class AppModule {}
  Module({
    imports: [
      TasksModule.forRoot({
        configFile: false,
        admin: false,
        database,
        queues: { [QUEUE]: {} },
        workers: workers === false ? false : { [QUEUE]: workers },
      }),
    ],
    providers: [Answers],
  })(AppModule);
  return NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
}
