import { ConsoleLogger, type ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { TasksModule } from 'nestjs-tasks';
import { TasksTesting, TasksTestingModule, type TasksTestingOptions } from 'nestjs-tasks/testing';
import { afterEach } from 'vitest';
import { moduleOf } from '../module/support.js';

const apps: TestingModule[] = [];

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

class SilentLogger extends ConsoleLogger {
  constructor() {
    super({ logLevels: [] });
  }
}

export interface Bench {
  readonly app: TestingModule;
  readonly t: TasksTesting;
}

/** An app whose stores are on the bench, closed when the test ends. */
export async function bench(metadata: ModuleMetadata, options: TasksTestingOptions = {}): Promise<Bench> {
  const own = metadata.imports ?? [TasksModule.forRoot({ configFile: false, admin: false })];
  const AppModule = moduleOf({ ...metadata, imports: own }, 'AppModule');
  const app = await Test.createTestingModule({ imports: [AppModule] })
    .setLogger(new SilentLogger())
    .overrideModule(TasksModule)
    .useModule(TasksTestingModule.forRoot(options))
    .compile();
  apps.push(app);
  return { app, t: app.get(TasksTesting) };
}
