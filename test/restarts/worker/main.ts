// An app with shutdown hooks and a handler that is in no hurry to end. It says when it listens, when the handler begins
// and what its hooks see. See ../restarts.spec.ts.
import 'reflect-metadata';
import { once } from 'node:events';
import { Controller, Get, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TaskDispatcher, TaskHandler, TasksModule } from '../../../lib/index.js';
import type { AppMessage, AppSetup, TestMessage } from './messages.js';

const { database, port, platform, servesOn } = JSON.parse(process.argv[2]!) as AppSetup;
const say = (message: AppMessage): void => void process.send?.(message);

async function told(wanted: TestMessage): Promise<void> {
  for (;;) {
    const [message] = (await once(process, 'message')) as [TestMessage];
    if (message === wanted) return;
  }
}

@TaskHandler('slow')
class SlowHandler {
  async handle(): Promise<void> {
    say({ event: 'begun' });
    await told('end the handler');
  }
}

@Controller()
class Pulse {
  @Get('pid')
  pid(): string {
    return String(process.pid);
  }
}

@Injectable()
class ServesOn implements BeforeApplicationShutdown {
  async beforeApplicationShutdown(): Promise<void> {
    say({ event: 'before shutdown' });
    await told('shut down');
  }
}

class AppModule {}

const module = {
  module: AppModule,
  imports: [TasksModule.forRoot({ configFile: false, admin: false, database, shutdownGrace: '5m' })],
  controllers: [Pulse],
  providers: [SlowHandler, ...(servesOn ? [ServesOn] : [])],
};

const app =
  platform === 'fastify'
    ? await NestFactory.create(module, new FastifyAdapter(), { logger: ['error', 'warn'] })
    : await NestFactory.create(module, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(port);
say({ event: 'listening', port: (app.getHttpServer().address() as { port: number }).port });
await app.get(TaskDispatcher).queue('default', 'slow', {});
// The test is gone: nobody is left to end this process.
process.once('disconnect', () => process.exit());
