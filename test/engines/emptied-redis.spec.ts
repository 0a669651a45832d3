import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { CronSchedules } from '../../lib/cron/index.js';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { Cron, TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, ended, onTestEnd } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { RedisServer } from '../support/servers/redis-server.js';
import { until } from '../support/until.js';

describeWith('redis', 'a Redis that comes back empty while the app runs', () => {
  let server: RedisServer;
  let ticks: number;
  const logged: string[] = [];

  class Jobs {
    @Cron('* * * * * *', { name: 'every_second' })
    tick(): void {
      ticks += 1;
    }

    @TaskHandler('greet', { queue: 'greetings' })
    greet(): void {}
  }

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.remove());
  beforeEach(() => {
    ticks = 0;
    logged.length = 0;
    const spy = vi
      .spyOn(Logger.prototype, 'error')
      .mockImplementation((text: unknown) => void logged.push(String(text)));
    onTestEnd(() => spy.mockRestore());
  });

  async function flush(): Promise<void> {
    const client = new Redis({ port: server.port, host: server.host });
    await client.flushall();
    client.disconnect();
  }

  const boot = (workers: number | false = 5) =>
    bootApp({
      tasks: {
        database: undefined,
        engine: bullmq({ connection: { host: server.host, port: server.port } }),
        workers,
      },
      providers: [Jobs],
    });

  it.each([
    ['at once', flush],
    ['with a restart', async () => flush().then(() => server.restart())],
  ])('has the schedules of the code tick again, and shows its queues: %s', async (_how, empty) => {
    const apps = [await boot(), await boot()];
    await until('a tick', () => ticks > 0);
    await empty();
    await until('each app to have said so', () => logged.length >= 2, { patience: 60_000 });
    expect(new Set(logged.map((line) => line.replace(/^Redis at \S+/, 'Redis')))).toEqual(
      new Set([
        'Redis has lost everything that was stored, with all tasks that waited. This process has stored its queues and ' +
          '1 cron schedule of its code anew and goes on; schedules that were added at run time are gone.',
      ]),
    );
    const so = ticks;
    await until('more ticks', () => ticks > so + 1, { patience: 60_000 });
    const tasks = dispatcherOf(apps[0]!);
    const { id } = await tasks.queue('greetings', 'greet', {});
    expect(await ended(tasks, id)).toMatchObject({ state: 'completed' });
    const reader = await boot(false);
    expect(await dispatcherOf(reader).stats()).toEqual(
      ['default', 'greetings'].map((queue) => expect.objectContaining({ queue, workers: 10 })),
    );
    expect((await reader.get(CronSchedules).list()).map(({ name }) => name)).toEqual(['every_second']);
    await Promise.all([...apps, reader].map((app) => app.close()));
  });
});
