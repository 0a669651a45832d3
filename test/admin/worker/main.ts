// A process with a panel, that logs the address as any app does. It listens when it is told to. See ../shared-key.spec.ts.
import 'reflect-metadata';
import { once } from 'node:events';
import { NestFactory } from '@nestjs/core';
import { TasksModule, type TasksModuleOptions } from '../../../lib/index.js';

const options = JSON.parse(process.argv[2]!) as TasksModuleOptions;

class AppModule {}

const app = await NestFactory.create({
  module: AppModule,
  imports: [TasksModule.forRoot({ configFile: false, workers: false, ...options })],
});
await app.init();
process.send!('ready');
await once(process, 'message');
await app.listen(0, '127.0.0.1');
await once(process, 'disconnect');
await app.close();
