import { type DynamicModule, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { STORE_SETUPS } from '../nest/index.js';
import { TasksTesting } from './tasks-testing.js';
import { TestBench } from './test-bench.js';
import type { TasksTestingOptions } from './testing-options.js';

/**
 * Puts every store of an app on the test bench, wherever its `TasksModule.forRoot` or `forRootAsync` stands: in memory, with
 * the real engine, and with no worker that runs tasks by itself.
 *
 * @example
 * const app = await Test.createTestingModule({ imports: [AppModule] })
 *   .overrideModule(TasksModule)
 *   .useModule(TasksTestingModule.forRoot())
 *   .compile();
 * const t = app.get(TasksTesting);
 *
 * @publicApi
 */
@Module({})
export class TasksTestingModule {
  static forRoot(options: TasksTestingOptions = {}): DynamicModule {
    return {
      module: TasksTestingModule,
      global: true,
      providers: [
        {
          provide: STORE_SETUPS,
          useFactory: (modules: ModulesContainer) => new TestBench(options, modules),
          inject: [ModulesContainer],
        },
        { provide: TasksTesting, useFactory: (bench: TestBench) => new TasksTesting(bench), inject: [STORE_SETUPS] },
      ],
      exports: [STORE_SETUPS, TasksTesting],
    };
  }
}
