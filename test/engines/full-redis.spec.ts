import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { CronSchedules } from '../../lib/cron/index.js';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { Cron, TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, ended, onTestEnd } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { RedisServer } from '../support/servers/redis-server.js';
import { until } from '../support/until.js';

describeWith('redis', 'a Redis whose memory is full for a while', () => {
  let server: RedisServer;
  let admin: Redis;
  let ticks: number;
  let begun: number;
  let letGo: () => void;
  let gate: Promise<void>;
  const logged: string[] = [];

  class Jobs {
    @Cron('* * * * * *', { name: 'every_second' })
    tick(): void {
      ticks += 1;
    }

    @TaskHandler('stopped')
    async stopped(): Promise<void> {
      begun += 1;
      await gate;
      throw new Error('stopped');
    }
  }

  beforeAll(async () => {
    server = await RedisServer.start({ 'maxmemory-policy': 'noeviction' });
    admin = new Redis({ port: server.port, host: server.host });
  });
  afterAll(async () => {
    admin.disconnect();
    await server.remove();
  });
  beforeEach(() => {
    ticks = 0;
    begun = 0;
    logged.length = 0;
    gate = new Promise((resolve) => (letGo = resolve));
    const note = (text: unknown): void => void logged.push(String(text));
    const spies = (['warn', 'error'] as const).map((level) =>
      vi.spyOn(Logger.prototype, level).mockImplementation(note),
    );
    onTestEnd(() => spies.forEach((spy) => spy.mockRestore()));
  });
  afterEach(async () => {
    await setRoom(0);
    await admin.flushall();
  });

  const setRoom = (maxmemory: number) => admin.config('SET', 'maxmemory', String(maxmemory));
  const saidThatItIsFull = () => logged.some((line) => line.includes('memory is full'));

  /** With a lease so long that nothing comes back by being taken for lost. */
  const boot = (workers: number | false = 2) =>
    bootApp({
      tasks: {
        database: undefined,
        engine: bullmq({ connection: { host: server.host, port: server.port } }),
        workers,
        lease: '1h',
      },
      providers: [Jobs],
    });

  it('has a schedule tick on as soon as there is room, where a tick came meanwhile', async () => {
    const app = await boot();
    await until('a tick', () => ticks > 0);
    await setRoom(1);
    await until('a tick that cannot be planned', () => logged.some((line) => line.includes('next iteration')));
    await setRoom(0);
    const before = ticks;
    await until('more ticks', () => ticks > before + 1);
    await app.close();
  });

  it('leaves a schedule paused that could not be resumed', async () => {
    const app = await boot(false);
    const crons = app.get(CronSchedules);
    const shown = async () => (await crons.list())[0]!;
    await crons.pause('every_second');
    await setRoom(1);
    await expect(crons.resume('every_second')).rejects.toMatchObject({ name: 'StoreError' });
    await setRoom(0);
    expect(await shown()).toMatchObject({ paused: true });
    await crons.resume('every_second');
    expect(await shown()).toMatchObject({ paused: false, nextRunAt: expect.any(Number) });
    await app.close();
  });

  it('has a task end as it ended, in the attempt that it was, once there is room', async () => {
    const app = await boot();
    const tasks = dispatcherOf(app);
    const { id } = await tasks.queue('default', 'stopped', {});
    await until('the handler to begin', () => begun > 0);
    await tasks.cancel(id);
    await setRoom(1);
    letGo();
    await until('what is said of it', saidThatItIsFull);
    await setRoom(0);
    expect(await ended(tasks, id)).toMatchObject({
      state: 'cancelled',
      attempts: [{ attempt: 1, outcome: 'cancelled' }],
    });
    await app.close();
  });

  it('keeps nothing of tasks that lapse and were refused', async () => {
    const app = await boot(false);
    const tasks = dispatcherOf(app);
    const rows = Array.from({ length: 500 }, (_, index) => ({ index, text: 'x'.repeat(200) }));
    const store = () => tasks.queueMany('default', 'stopped', rows, { expires: '1h' });
    await tasks.queueMany('default', 'stopped', rows.slice(0, 2), { expires: '1h' });
    const lapses = async () => (await admin.keys('bull:nestjs-tasks~lapses:default~*')).length;
    expect(await lapses()).toBe(2);
    const used = Number(/used_memory:(\d+)/.exec(await admin.info('memory'))![1]);
    await setRoom(used + 100_000);
    await expect(store()).rejects.toMatchObject({ message: expect.stringContaining('memory is full') });
    await setRoom(0);
    expect(await lapses()).toBe(2);
    await store();
    expect(await lapses()).toBe(2 + rows.length);
    await app.close();
  });
});
