import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { TaskDispatcher } from '../../../lib/queueing/index.js';
import { TaskHandler, TasksModule } from '../../../lib/nest/index.js';

class Endless {
  @TaskHandler('endless')
  handle(): Promise<void> {
    process.send!('running');
    return new Promise(() => undefined);
  }
}

class AppModule {}

const app = await NestFactory.createApplicationContext(
  { module: AppModule, imports: [TasksModule.forRoot(JSON.parse(process.argv[2]!))], providers: [Endless] },
  { logger: false },
);
await app.get(TaskDispatcher).queue('default', 'endless', { left: 'behind' });
