import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { TaskDispatcher, TaskHandler, TasksModule } from 'nestjs-tasks';
import { type TestingMode, TasksTesting, TasksTestingModule } from 'nestjs-tasks/testing';

@TaskHandler('greet')
class GreetHandler {
  async handle(): Promise<void> {}
}

@Module({ imports: [TasksModule.forRoot({ configFile: false, admin: false })], providers: [GreetHandler] })
class AppModule {}

async function boot(mode: TestingMode): Promise<{ app: TestingModule; t: TasksTesting; id: string }> {
  const app = await Test.createTestingModule({ imports: [AppModule] })
    .overrideModule(TasksModule)
    .useModule(TasksTestingModule.forRoot({ mode }))
    .compile();
  await app.init();
  const { id } = await app.get(TaskDispatcher).queue('default', 'greet', {});
  return { app, t: app.get(TasksTesting), id };
}

/** An app of each mode, one of which is left open: this process ends when it has nothing to do. */
async function main(): Promise<void> {
  const manual = await boot('manual');
  console.log(`manual: ${(await manual.t.drain()).length}`);
  const inline = await boot('inline');
  console.log(`inline: ${(await inline.t.drain()).length}`);
  await inline.app.close();
  const live = await boot('live');
  console.log(`live: ${(await live.t.waitFor(live.id, 'completed', { timeout: '1m' })).state}`);
  await live.app.close();
  console.log('closed');
}

void main();
