import { Queue, createPostgresBackend } from 'bullmq';
import { Redis } from 'ioredis';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Logger } from '@nestjs/common';
import { bullmq, type BullmqOptions } from '../../lib/engine/bullmq/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import type { TasksModuleOptions } from '../../lib/config/index.js';
import { TasksConfigError } from '../../lib/contract/index.js';
import { Cron, TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, ended, onTestEnd } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { SharedRedis } from '../support/servers/shared-redis.js';

class Work {
  @TaskHandler('work')
  work(): void {}
}

class Mail {
  @TaskHandler('mail', { queue: 'mail:out' })
  send(): void {}
}

class Housekeeping {
  @Cron('@daily', { name: 'clean', queue: 'house:keeping' })
  clean(): void {}
}

function boot(engine: BullmqOptions, options: TasksModuleOptions = {}, ...providers: Array<new () => object>) {
  return bootApp({ tasks: { database: undefined, engine: bullmq(engine), ...options }, providers });
}

/** What the library logs as a warning until the test ends. */
function warnings(): string[] {
  const seen: string[] = [];
  const spy = vi.spyOn(Logger.prototype, 'warn').mockImplementation((text: string) => void seen.push(text));
  onTestEnd(() => spy.mockRestore());
  return seen;
}

describeWith(['redis', 'postgres'], 'A name that BullMQ refuses or uses itself', () => {
  let redis: SharedRedis;
  let postgres: SharedPostgres;

  beforeAll(async () => {
    [redis, postgres] = await Promise.all([SharedRedis.join(), SharedPostgres.join()]);
  });

  const SITES = {
    Redis: async () => ({ connection: redis.connection, prefix: redis.createPrefix() }),
    PostgreSQL: async () => ({ postgres: await postgres.createDatabase() }),
  };

  describe.each(['Redis', 'PostgreSQL'] as const)('on %s', (kind) => {
    it.each<[string, TasksModuleOptions, Array<new () => object>, RegExp]>([
      ['workers', { workers: { default: 1, 'mail:out': 1 } }, [], /"mail:out".*has a ":".*Name it "mail-out"/],
      ['queues', { workers: false, queues: { ':': {} } }, [], /":".*has a ":".*Name it without one/],
      ['the own queue', { workers: { 'nestjs-tasks': 1 } }, [], /"nestjs-tasks".*its own notes/],
      ["a handler's queue", {}, [Mail], /"mail:out".*Name it "mail-out"/],
      ["a cron's queue", {}, [Housekeeping], /"house:keeping".*Name it "house-keeping"/],
    ])('stops the boot, and does no harm to others: %s', async (_what, options, providers, message) => {
      const engine = await SITES[kind]();
      const booted = boot(engine, options, ...providers);
      await expect(booted).rejects.toThrow(TasksConfigError);
      await expect(booted).rejects.toThrow(message);
      const tasks = dispatcherOf(await boot(engine, { workers: { default: 1 } }, Work));
      expect(await ended(tasks, (await tasks.queue('default', 'work', {})).id)).toMatchObject({ state: 'completed' });
      expect((await tasks.stats()).map(({ queue }) => queue)).toEqual(['default']);
      expect((await tasks.list()).items).toHaveLength(1);
      expect(await tasks.workers()).toHaveLength(1);
    });

    it('that an earlier version has noted is passed over, and said once', async () => {
      const engine = await SITES[kind]();
      await dispatcherOf(await boot(engine, { workers: false })).queue('default', 'work', {});
      const own =
        'postgres' in engine
          ? new Queue('nestjs-tasks', { connection: engine.postgres as never }, createPostgresBackend as never)
          : new Queue('nestjs-tasks', engine);
      await own.waitUntilReady();
      await (own as unknown as { backend: { setQueueMeta(meta: object): Promise<void> } }).backend.setQueueMeta({
        'queue:mail:out': '1',
        'queue:nestjs-tasks': '1',
        'schedule:torn': '{',
        'worker:torn': '{',
        'sensitive:work': '{',
      });
      await own.close();

      const warned = warnings();
      const app = await boot(engine, { workers: { default: 1 } }, Work);
      const tasks = dispatcherOf(app);
      const { id } = await tasks.queue('default', 'work', {});
      await ended(tasks, id);
      expect((await tasks.stats()).map(({ queue }) => queue)).toEqual(['default']);
      expect((await tasks.list({ queue: 'default' })).items).toHaveLength(2);
      expect(await tasks.workers()).toHaveLength(1);
      expect(await app.get(CronSchedules).list()).toEqual([]);
      await tasks.bulk('delete', { filter: { state: 'completed' } });
      expect((await tasks.list()).items).toEqual([]);
      for (const what of ['queue "mail:out"', 'queue "nestjs-tasks"', '"schedule:torn"', '"worker:torn"']) {
        expect(warned.filter((text) => text.includes(`a note of ${what}`))).toHaveLength(1);
      }
    });

    it.each([
      [['a:b'], /engine\.bullmq\.show cannot have "a:b"/],
      [['nestjs-tasks'], /engine\.bullmq\.show cannot have "nestjs-tasks"/],
      [['mail~cancelled'], /engine\.bullmq\.show cannot have "mail~cancelled"/],
    ])('is none of a queue to show: %j', async (show, message) => {
      await expect(boot({ ...(await SITES[kind]()), show })).rejects.toThrow(message);
    });
  });

  it('writes nothing where it stops the boot', async () => {
    const engine = await SITES.Redis();
    await expect(boot(engine, { workers: { 'mail:out': 1 } })).rejects.toThrow(TasksConfigError);
    const client = new Redis(redis.connection);
    onTestEnd(() => client.disconnect());
    expect(await client.keys(`${engine.prefix}*`)).toEqual([]);
  });

  it('is one that PostgreSQL would cut', async () => {
    const name = `queue-${'x'.repeat(43)}`;
    await expect(boot(await SITES.PostgreSQL(), { workers: { [name]: 1 } })).rejects.toThrow(/49 characters.*have 48/);
    const tasks = dispatcherOf(await boot(await SITES.PostgreSQL(), { workers: { [name.slice(1)]: 1 } }, Work));
    expect(await tasks.workers()).toMatchObject([{ queues: { [name.slice(1)]: 1 } }]);
    await boot(await SITES.Redis(), { workers: { [name]: 1 } });
  });

  it.each(['', 'a\nb', 'half\ud83d', 'nul\0'])('is the prefix %j', async (prefix) => {
    await expect(boot({ connection: redis.connection, prefix })).rejects.toThrow(
      /engine\.bullmq\.prefix must be a text/,
    );
  });
});
