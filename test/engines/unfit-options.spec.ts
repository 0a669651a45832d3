import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { beforeAll, expect, it } from 'vitest';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { ForeignManagerError, InvalidArgumentError, TasksConfigError } from '../../lib/contract/index.js';
import { ManualClock } from '../../lib/clock/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
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
