import 'reflect-metadata';
import { join } from 'node:path';
import {
  type BeforeApplicationShutdown,
  Global,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { StoreError, TaskAbortedError } from '../../lib/contract/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { TaskHandler, TasksModule } from '../../lib/nest/index.js';
import {
  bootApp,
  dispatcherOf,
  ended,
  IN_MEMORY,
  moduleOf,
  rootModule,
  signal,
  tempDirectory,
  when,
} from './support.js';

/** Something of the app that handlers need, such as a connection: it must outlive them. */
function connection(journal: string[], name: string) {
  @Injectable()
  class Connection implements OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown {
    open = true;
    onModuleDestroy(): void {
      this.open = false;
      journal.push(`${name} destroyed`);
    }
    beforeApplicationShutdown(): void {
      journal.push(`${name} before shutdown`);
    }
    onApplicationShutdown(): void {
      journal.push(`${name} shut down`);
    }
  }
  return Connection;
}

describe('Shutdown', () => {
  it('lets handlers end before any provider of the app is destroyed', async () => {
    const journal: string[] = [];
    const started = signal();
    const InRoot = connection(journal, 'root');
    const InFeature = connection(journal, 'feature');
    const InGlobal = connection(journal, 'global');
    const Feature = moduleOf({ providers: [InFeature], exports: [InFeature] }, 'FeatureModule');
    @Global()
    @Module({ providers: [InGlobal], exports: [InGlobal] })
    class GlobalModule {}

    @TaskHandler('slow')
    class SlowHandler {
      constructor(
        private readonly root: InstanceType<typeof InRoot>,
        private readonly feature: InstanceType<typeof InFeature>,
        private readonly global: InstanceType<typeof InGlobal>,
      ) {}
      async handle(_params: object, task: TaskContext): Promise<void> {
        started.resolve();
        // As late as a handler may end.
        await new Promise((resolve) => task.signal.addEventListener('abort', resolve));
        journal.push(`handler ended, ${[this.root, this.feature, this.global].every(({ open }) => open)}`);
      }
    }
    Reflect.defineMetadata('design:paramtypes', [InRoot, InFeature, InGlobal], SlowHandler);

    const database = join(tempDirectory(), 'tasks.db');
    const app = await bootApp({
      tasks: null,
      imports: [GlobalModule, Feature, TasksModule.forRoot({ ...IN_MEMORY, database, shutdownGrace: '10ms' })],
      providers: [InRoot, SlowHandler],
    });
    const { id } = await dispatcherOf(app).queue('default', 'slow', {});
    await started.promise;
    await app.close();
    expect(journal[0]).toBe('handler ended, true');
    expect(journal).toHaveLength(10);

    const reader = await bootApp({ tasks: { database, workers: false } });
    expect(await dispatcherOf(reader).get(id)).toMatchObject({ state: 'completed' });
  });

  it('aborts handlers after the grace period and hands their tasks back', async () => {
    const started = signal();
    const reason = signal<unknown>();
    @TaskHandler('endless')
    class EndlessHandler {
      async handle(_params: object, task: TaskContext): Promise<void> {
        started.resolve();
        await new Promise<void>((_resolve, reject) =>
          task.signal.addEventListener('abort', () => {
            reason.resolve(task.signal.reason);
            reject(task.signal.reason as Error);
          }),
        );
      }
    }
    const database = join(tempDirectory(), 'tasks.db');
    const app = await bootApp({ tasks: { database, shutdownGrace: '10ms' }, providers: [EndlessHandler] });
    const { id } = await dispatcherOf(app).queue('default', 'endless', {});
    await started.promise;
    await app.close();
    const cause = await reason.promise;
    expect(cause).toBeInstanceOf(TaskAbortedError);
    expect(cause).toMatchObject({ reason: 'shutdown' });

    const reader = await bootApp({ tasks: { database, workers: false } });
    expect(await dispatcherOf(reader).get(id)).toMatchObject({
      state: 'available',
      attempts: [{ outcome: 'released' }],
    });
  });

  it('takes tasks until the last hook, and none afterwards', async () => {
    const database = join(tempDirectory(), 'tasks.db');
    const ids: string[] = [];
    @Injectable()
    class Farewell implements OnModuleDestroy, BeforeApplicationShutdown {
      constructor(private readonly tasks: TaskDispatcher) {}
      async onModuleDestroy(): Promise<void> {
        if (ids.length === 0) ids.push((await this.tasks.queue('default', 'later', {})).id);
      }
      async beforeApplicationShutdown(): Promise<void> {
        if (ids.length === 1) ids.push((await this.tasks.queue('default', 'later', {})).id);
      }
    }
    const app = await bootApp({ tasks: { database }, providers: [Farewell] });
    const tasks = dispatcherOf(app);
    await app.close();
    await expect(tasks.queue('default', 'later', {})).rejects.toThrow(StoreError);

    const reader = dispatcherOf(await bootApp({ tasks: { database, workers: false } }));
    for (const id of ids) expect(await reader.get(id)).toMatchObject({ state: 'available', attempt: 0 });
    expect(ids).toHaveLength(2);
  });

  it('may come twice, and at once', async () => {
    const app = await bootApp({});
    await Promise.all([app.close(), app.close()]);
    await app.close();
  });

  it('stops what runs in every store', async () => {
    const ran: string[] = [];
    @Injectable()
    class Handlers {
      @TaskHandler('a')
      a(): void {
        ran.push('a');
      }
      @TaskHandler('b', { store: 'second' })
      b(): void {
        ran.push('b');
      }
    }
    const app = await bootApp({
      tasks: null,
      imports: [TasksModule.forRoot(IN_MEMORY), TasksModule.forRoot({ ...IN_MEMORY, name: 'second' })],
      providers: [Handlers],
    });
    const tasks = dispatcherOf(app);
    await ended(tasks, (await tasks.queue('default', 'a', {})).id);
    await app.close();
    await expect(tasks.list()).rejects.toThrow(StoreError);
    expect(ran).toEqual(['a']);
  });
});

describe('A boot that fails', () => {
  async function failToBoot(app: Parameters<typeof rootModule>[0]): Promise<unknown> {
    return NestFactory.createApplicationContext(rootModule(app), { logger: false, abortOnError: false }).then(
      () => null,
      (error: unknown) => error,
    );
  }

  it('leaves the store closed when handlers are wrong', async () => {
    let tasks!: TaskDispatcher;
    @TaskHandler('')
    class Wrong {
      constructor(dispatcher: TaskDispatcher) {
        tasks = dispatcher;
      }
      handle(): void {}
    }
    expect(await failToBoot({ providers: [Wrong] })).toMatchObject({
      message: expect.stringMatching(/not valid/) as string,
    });
    await expect(tasks.list()).rejects.toThrow(StoreError);
  });

  it('runs no task when a provider of the app fails to start', async () => {
    const database = join(tempDirectory(), 'tasks.db');
    let id = '';
    let runs = 0;
    @TaskHandler('never')
    class NeverHandler {
      handle(): void {
        runs++;
      }
    }
    @Injectable()
    class Failing implements OnModuleInit, OnApplicationBootstrap {
      constructor(private readonly tasks: TaskDispatcher) {}
      async onModuleInit(): Promise<void> {
        id = (await this.tasks.queue('default', 'never', {})).id;
      }
      onApplicationBootstrap(): void {
        throw new Error('port in use');
      }
    }
    expect(await failToBoot({ tasks: { database }, providers: [NeverHandler, Failing] })).toMatchObject({
      message: 'port in use',
    });
    expect(runs).toBe(0);
    const next = dispatcherOf(await bootApp({ tasks: { database }, providers: [NeverHandler] }));
    await when(next, id, (task) => task.state === 'completed');
    expect(runs).toBe(1);
  });

  it('says what is wrong with the file', async () => {
    const error = await failToBoot({ tasks: { database: tempDirectory() } });
    expect(error).toBeInstanceOf(StoreError);
  });
});
