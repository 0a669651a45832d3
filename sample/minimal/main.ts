// The smallest app: one handler, one task, the panel. Tasks are kept in data/tasks.db.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TaskDispatcher, TaskHandler, TasksModule } from 'nestjs-tasks';

@TaskHandler('greet')
class GreetHandler {
  handle(params: { name: string }): void {
    console.log(`Hello, ${params.name}!`);
  }
}

@Module({ imports: [TasksModule.forRoot()], providers: [GreetHandler] })
class AppModule {}

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');

await app.get(TaskDispatcher).queue('default', 'greet', { name: 'Ada' });
