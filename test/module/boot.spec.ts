import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Inject, Injectable, Module, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { type Task, TasksConfigError, UnknownTaskNameError } from '../../lib/contract/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { TaskHandler, TasksModule } from '../../lib/nest/index.js';
import type { TasksModuleOptions, TasksOptionsFactory } from '../../lib/config/index.js';
import { bootApp, dispatcherOf, ended, IN_MEMORY, moduleOf, onTestEnd, rootModule, tempDirectory } from './support.js';

@TaskHandler('echo')
class EchoHandler {
  readonly seen: object[] = [];
  handle(params: object, task: TaskContext): void {
    this.seen.push(params);
    task.log('echoed');
  }
}

describe('TasksModule.forRoot', () => {
  it('runs a task in an app without HTTP', async () => {
    const app = await bootApp({ providers: [EchoHandler] });
    const task = await dispatcherOf(app).queue('default', 'echo', { text: 'hello' });
    expect(task).toMatchObject({
      queue: 'default',
      name: 'echo',
      state: 'available',
      params: { text: 'hello' },
      attempt: 0,
    });
    const stored = await ended(dispatcherOf(app), task.id);
    expect(stored).toMatchObject({ id: task.id, state: 'completed', attempt: 1, maxAttempts: 4 });
    expect(stored.logs).toMatchObject([{ message: 'echoed' }]);
    expect(app.get(EchoHandler).seen).toEqual([{ text: 'hello' }]);
  });

  it.each([
    ['Express', () => new ExpressAdapter()],
    ['Fastify', () => new FastifyAdapter()],
  ])('runs a task in an HTTP app on %s', async (_name, adapter) => {
    const app = await NestFactory.create<NestFastifyApplication>(
      rootModule({ providers: [EchoHandler], tasks: { admin: { access: 'local' } } }),
      adapter() as FastifyAdapter,
      { logger: false, abortOnError: false },
    );
    onTestEnd(() => app.close());
    await app.listen(0, '127.0.0.1');
    const tasks = app.get(TaskDispatcher);
    const { id } = await tasks.queue('default', 'echo', {});
    expect(await ended(tasks, id)).toMatchObject({ state: 'completed' });
    const panel = await fetch(`${await app.getUrl()}/admin/tasks/api/tasks/${id}`);
    expect(await panel.json()).toMatchObject({ id, state: 'completed' });
  });

  it('runs a task in a testing module', async () => {
    const testing = await Test.createTestingModule({ imports: [rootModule({ providers: [EchoHandler] })] }).compile();
    await testing.init();
    onTestEnd(() => testing.close());
    const tasks = testing.get(TaskDispatcher);
    const { id } = await tasks.queue('default', 'echo', {});
    expect(await ended(tasks, id)).toMatchObject({ state: 'completed' });
  });

  it('keeps tasks in the file for the next process', async () => {
    const database = join(tempDirectory(), 'deep', 'tasks.db');
    const producer = await bootApp({ tasks: { database, workers: false } });
    const { id } = await dispatcherOf(producer).queue('default', 'echo', { kept: true });
    await producer.close();
    expect(existsSync(database)).toBe(true);

    const worker = await bootApp({ tasks: { database }, providers: [EchoHandler] });
    expect(await ended(dispatcherOf(worker), id)).toMatchObject({ state: 'completed', params: { kept: true } });
  });

  it('only enqueues with workers: false, and with a count of 0', async () => {
    const database = join(tempDirectory(), 'tasks.db');
    const producer = await bootApp({ tasks: { database, workers: { default: 0 } }, providers: [EchoHandler] });
    const { id } = await dispatcherOf(producer).queue('default', 'echo', {});
    expect(await dispatcherOf(producer).workers()).toEqual([]);

    const worker = await bootApp({ tasks: { database }, providers: [EchoHandler] });
    expect(await ended(dispatcherOf(worker), id)).toMatchObject({ state: 'completed' });
    expect(producer.get(EchoHandler).seen).toEqual([]);
    expect(worker.get(EchoHandler).seen).toEqual([{}]);
  });

  it('is injectable everywhere, and nowhere else with global: false', async () => {
    @Injectable()
    class Service {
      constructor(readonly tasks: TaskDispatcher) {}
    }
    const feature = moduleOf({ providers: [Service] }, 'FeatureModule');
    const app = await bootApp({ imports: [feature] });
    expect(app.get(Service, { strict: false }).tasks).toBe(dispatcherOf(app));
    await expect(bootApp({ imports: [feature], tasks: { global: false } })).rejects.toThrow(/TaskDispatcher/);
  });

  it('stops the boot for a wrong option', async () => {
    const wrong = { retryDelai: '1s' } as TasksModuleOptions;
    await expect(bootApp({ tasks: wrong })).rejects.toThrow(/retryDelai.*retryDelay/s);
  });

  it('stops the boot when it is imported twice under one name', async () => {
    const twice = [TasksModule.forRoot(IN_MEMORY), TasksModule.forRoot({ ...IN_MEMORY, workers: false })];
    await expect(bootApp({ tasks: null, imports: twice })).rejects.toThrow(TasksConfigError);
    await expect(bootApp({ tasks: null, imports: twice })).rejects.toThrow(/imported twice under the name "default"/);
  });

  it('is one module when the same import stands in two modules', async () => {
    const tasks = TasksModule.forRoot(IN_MEMORY);
    const feature = moduleOf({ imports: [tasks] }, 'FeatureModule');
    const app = await bootApp({ tasks: null, imports: [tasks, feature], providers: [EchoHandler] });
    const { id } = await dispatcherOf(app).queue('default', 'echo', {});
    expect(await ended(dispatcherOf(app), id)).toMatchObject({ state: 'completed' });
  });
});

describe('while the app boots', () => {
  it('takes tasks in async factories, onModuleInit and onApplicationBootstrap, checked against the handlers', async () => {
    const early: { tasks: Task[]; refused: unknown } = { tasks: [], refused: null };
    @Injectable()
    class Starter implements OnModuleInit, OnApplicationBootstrap {
      constructor(
        private readonly tasks: TaskDispatcher,
        @Inject('warm') private readonly warm: Task,
      ) {}
      async onModuleInit(): Promise<void> {
        early.tasks.push(this.warm, await this.tasks.queue('default', 'echo', { in: 'init' }));
        early.refused = await this.tasks.queue('default', 'ecko', {}).catch((error: unknown) => error);
      }
      async onApplicationBootstrap(): Promise<void> {
        early.tasks.push(await this.tasks.queue('default', 'echo', { in: 'bootstrap' }));
      }
    }
    const warm = {
      provide: 'warm',
      useFactory: (tasks: TaskDispatcher) => tasks.queue('default', 'echo', { in: 'factory' }),
      inject: [TaskDispatcher],
    };
    const app = await bootApp({ providers: [EchoHandler, Starter, warm] });
    expect(early.refused).toBeInstanceOf(UnknownTaskNameError);
    for (const { id } of early.tasks) await ended(dispatcherOf(app), id);
    expect(
      app
        .get(EchoHandler)
        .seen.map((params) => (params as { in: string }).in)
        .sort(),
    ).toEqual(['bootstrap', 'factory', 'init']);
  });

  it('starts no task before every provider has bootstrapped', async () => {
    let bootstrapped = false;
    const seen: boolean[] = [];
    @TaskHandler('early')
    class EarlyHandler {
      handle(): void {
        seen.push(bootstrapped);
      }
    }
    @Injectable()
    class Slow implements OnModuleInit, OnApplicationBootstrap {
      id = '';
      constructor(private readonly tasks: TaskDispatcher) {}
      async onModuleInit(): Promise<void> {
        this.id = (await this.tasks.queue('default', 'early', {})).id;
      }
      async onApplicationBootstrap(): Promise<void> {
        // Far more turns of the event loop than a worker would need to pick the task up.
        for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
        bootstrapped = true;
      }
    }
    const app = await bootApp({ providers: [EarlyHandler, Slow] });
    await ended(dispatcherOf(app), app.get(Slow).id);
    expect(seen).toEqual([true]);
  });
});

describe('TasksModule.forRootAsync', () => {
  @Module({ providers: [{ provide: 'priority', useValue: 7 }], exports: ['priority'] })
  class SettingsModule {}

  @Injectable()
  class OptionsFactory implements TasksOptionsFactory {
    constructor(@Inject('priority') private readonly priority: number) {}
    async createTasksOptions(): Promise<TasksModuleOptions> {
      return Promise.resolve({ database: ':memory:', admin: false, priority: this.priority });
    }
  }
  @Module({ imports: [SettingsModule], providers: [OptionsFactory], exports: [OptionsFactory] })
  class FactoryModule {}

  it.each([
    [
      'useFactory',
      TasksModule.forRootAsync({
        configFile: false,
        imports: [SettingsModule],
        inject: ['priority'],
        useFactory: async (priority: number) =>
          Promise.resolve({ database: ':memory:', admin: false as const, priority }),
      }),
    ],
    ['useClass', TasksModule.forRootAsync({ configFile: false, imports: [SettingsModule], useClass: OptionsFactory })],
    [
      'useExisting',
      TasksModule.forRootAsync({ configFile: false, imports: [FactoryModule], useExisting: OptionsFactory }),
    ],
  ])('takes options from %s', async (_form, tasks) => {
    const app = await bootApp({ tasks: null, imports: [tasks], providers: [EchoHandler] });
    const { id, priority } = await dispatcherOf(app).queue('default', 'echo', {});
    expect(priority).toBe(7);
    expect(await ended(dispatcherOf(app), id)).toMatchObject({ state: 'completed' });
  });

  it('refuses none or two of the forms', () => {
    expect(() => TasksModule.forRootAsync({})).toThrow(
      /one of "useFactory", "useClass" and "useExisting", and has none/,
    );
    expect(() => TasksModule.forRootAsync({ useFactory: () => ({}), useClass: OptionsFactory })).toThrow(
      /has "useFactory" and "useClass"/,
    );
  });

  it('refuses a name that the factory returns', async () => {
    const named = { ...IN_MEMORY, name: 'late' };
    const tasks = TasksModule.forRootAsync({ useFactory: () => named });
    await expect(bootApp({ tasks: null, imports: [tasks] })).rejects.toThrow(/give "name" beside the factory/);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['empty (null)', null],
    ['5', 5],
    ['"x"', 'x'],
    ['a list', [{ workers: 2 }]],
    ['a function', () => ({})],
  ])('refuses a factory that returns %s: such as one whose brackets are a block', async (shown, made) => {
    const tasks = TasksModule.forRootAsync({ configFile: false, useFactory: () => made as never });
    await expect(bootApp({ tasks: null, imports: [tasks] })).rejects.toThrow(
      `The factory of TasksModule.forRootAsync() returns an object of options, not ${shown}.`,
    );
  });

  it('refuses what is no object of options, and parts of another kind, at once', () => {
    const useFactory = (): TasksModuleOptions => ({});
    for (const odd of [null, 'x', 5, [], new Date()] as never[]) {
      expect(() => TasksModule.forRoot(odd)).toThrow(/^TasksModule\.forRoot\(\) takes an object of options, not/);
      expect(() => TasksModule.forRootAsync(odd)).toThrow(/^TasksModule\.forRootAsync\(\) takes an object of options/);
      expect(() => TasksModule.forRootAsync({ useFactory, imports: 'x' as never })).toThrow(
        /"imports" must be a list of modules, not "x"/,
      );
    }
    for (const name of [5, Symbol('x'), {}] as never[]) {
      expect(() => TasksModule.forRoot({ name })).toThrow(/^"name" must be a text, not/);
      expect(() => TasksModule.forRootAsync({ name, useFactory })).toThrow(/^"name" must be a text, not/);
    }
  });

  it('refuses a handler whose store is no name', async () => {
    @TaskHandler('stored', { store: 5 as never })
    class Stored {
      handle(): void {}
    }
    await expect(bootApp({ providers: [Stored] })).rejects.toThrow(
      /Stored\.handle: "store" must be the name of a store, not 5/,
    );
  });
});
