import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { beforeAll, expect, it } from 'vitest';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { ForeignManagerError, InvalidArgumentError, TasksConfigError } from '../../lib/contract/index.js';
import { ManualClock } from '../../lib/clock/index.js';
import { Cron, TaskHandler } from '../../lib/nest/index.js';
import type { QueueChange } from '../../lib/operations/index.js';
import type { QueueTaskOptions } from '../../lib/queueing/index.js';
import type { TasksModuleOptions } from '../../lib/config/index.js';
import { bootApp, dispatcherOf, onTestEnd, tempDirectory } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';

describeWith('redis', 'What BullMQ cannot do', () => {
  let server: SharedRedis;

  beforeAll(async () => {
    server = await SharedRedis.join();
  });

  function boot(options: TasksModuleOptions, ...providers: Array<new () => object>) {
    const engine = bullmq({ connection: server.connection, prefix: server.createPrefix() });
    return bootApp({ tasks: { database: undefined, engine, workers: false, ...options }, providers });
  }

  it('go by another clock', async () => {
    const booted = boot({ clock: new ManualClock(0) });
    await expect(booted).rejects.toThrow(TasksConfigError);
    await expect(booted).rejects.toThrow(/"clock": the engine "bullmq-redis" goes by the time of the system/);
  });

  it('keep the tasks of a handler longer than others of its queue', async () => {
    @Injectable()
    class Mail {
      @TaskHandler('mail', { queue: 'emails', retention: { completed: '30d' } })
      send(): void {}
    }
    const booted = boot({}, Mail);
    await expect(booted).rejects.toThrow(TasksConfigError);
    await expect(booted).rejects.toThrow(/Mail\.send: "retention\.completed" differs from that of queue "emails"/);
    await boot({ queues: { emails: { retention: { completed: '30d' } } } }, Mail);
  });

  it('keep one task longer than others of its queue', async () => {
    const tasks = dispatcherOf(await boot({}));
    const queued = tasks.queue('default', 'mail', {}, { retention: { failed: '90d' } });
    await expect(queued).rejects.toThrow(InvalidArgumentError);
    await expect(queued).rejects.toThrow(/"retention\.failed" differs from that of queue "default"/);
    await tasks.queue('default', 'mail', {}, { retention: { failed: '30d' } });
  });

  it('hold a handler, or a schedule, to one task at a time', async () => {
    @Injectable()
    class Mail {
      @TaskHandler('mail', { unique: { by: ['params.userId'] } })
      send(): void {}
    }
    @Injectable()
    class Cleanup {
      @Cron('@every 10m', { name: 'cleanup', throttle: { key: 'cleanup', every: '1h' } })
      run(): void {}
    }
    await expect(boot({}, Mail)).rejects.toThrow(/Mail\.send: unique: the engine "bullmq-redis" has no unique keys/);
    await expect(boot({}, Cleanup)).rejects.toThrow(
      /Cleanup\.run: throttle: the engine "bullmq-redis" has no unique keys/,
    );
  });

  it.each<QueueTaskOptions>([
    { unique: { key: 'a' } },
    { debounce: { key: 'a', wait: '5s' } },
    { throttle: { key: 'a', every: '5s' } },
    { coalesce: { key: 'a', wait: '5s', field: 'ids' } },
  ])('hold a call to one task: %j', async (options) => {
    const tasks = dispatcherOf(await boot({}));
    const [option] = Object.keys(options);
    const told = `${option}: the engine "bullmq-redis" has no unique keys. Leave it out, or give the task an "id"`;
    await expect(tasks.queue('default', 'mail', { ids: [1] }, options)).rejects.toThrow(told);
    await expect(tasks.queueMany('default', 'mail', [{ ids: [1] }], options)).rejects.toThrow(told);
    expect((await tasks.list()).items).toEqual([]);
  });

  it('have limits that queues share, and handlers with a key', async () => {
    @Injectable()
    class Imports {
      @TaskHandler('import', { key: (params: { readonly tenant: string }) => params.tenant })
      run(_params: { readonly tenant: string }): void {}
    }
    await expect(boot({ limits: { stripe: '5/s' } })).rejects.toThrow(
      /"limits": the engine "bullmq-redis" has no rate/,
    );
    await expect(boot({}, Imports)).rejects.toThrow(/Imports\.run: "key" cannot be had, as the engine "bullmq-redis"/);
  });

  it('pause some tasks of a queue, and change at run time what it lets run', async () => {
    const tasks = dispatcherOf(await boot({}));
    await expect(tasks.pause({ name: 'mail' })).rejects.toThrow(
      '"name" cannot be paused by: the engine "bullmq-redis"',
    );
    await expect(tasks.pause({ queue: 'default', key: 'a' })).rejects.toThrow('"key" cannot be paused by');
    await expect(tasks.resume({ tag: { customer: '42' } })).rejects.toThrow('"tag" cannot be paused by');
    const set = (change: QueueChange) => tasks.setQueue('default', change);
    await expect(set({ rateLimit: '5/s' })).rejects.toThrow('"rateLimit" cannot be changed at run time: the engine');
    await expect(set({ key: { concurrency: 1 } })).rejects.toThrow('"key" cannot be changed, as the engine');
    await expect(set({ concurrency: 2 })).rejects.toThrow(
      '"concurrency" cannot be changed on the engine "bullmq-redis"',
    );
    await expect(set({ globalConcurrency: 2 })).rejects.toThrow('"globalConcurrency" cannot be changed on the engine');
  });

  it('enqueue in a transaction of the app without an outbox', async () => {
    const database = join(tempDirectory(), 'app.db');
    const app = await new DataSource({ type: 'better-sqlite3', database }).initialize();
    onTestEnd(() => app.destroy());
    const tasks = dispatcherOf(await boot({}));
    const queued = app.transaction((manager) => tasks.queue('default', 'mail', {}, { manager }));
    await expect(queued).rejects.toThrow(ForeignManagerError);
    await expect(queued).rejects.toThrow(/outbox: \{ dataSource/);
    expect((await tasks.list()).items).toEqual([]);
  });
});
