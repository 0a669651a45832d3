import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { TasksModule } from '../../lib/nest/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { RedisServer } from '../support/servers/redis-server.js';

const ROWS = Array.from({ length: 5_000 }, (_, index) => ({ index, text: 'x'.repeat(200) }));

describeWith('redis', 'Redis whose memory runs full in the middle of queueMany', () => {
  it('has stored all or none of the rows, whatever it has room for, and takes them again by their ids', async () => {
    const server = await RedisServer.start({ 'maxmemory-policy': 'noeviction' });
    const admin = new Redis({ port: server.port, host: server.host });
    class AppModule {}
    const connection = { host: server.host, port: server.port };
    Module({
      imports: [
        TasksModule.forRoot({ engine: bullmq({ connection }), workers: false, configFile: false, admin: false }),
      ],
    })(AppModule);
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    try {
      const tasks = app.get(TaskDispatcher);
      await tasks.queueMany('default', 'task', ROWS.slice(0, 2));
      const counted = async (): Promise<number> =>
        (await tasks.stats()).find(({ queue }) => queue === 'default')!.counts.available;
      const outcomes = new Set<string>();
      // Room for a part of them, and for all.
      for (const room of [0, 50_000, 200_000, 500_000, 1_000_000, 2_000_000, 3_000_000, 5_000_000, 40_000_000]) {
        const before = await counted();
        const used = Number(/used_memory:(\d+)/.exec(await admin.info('memory'))![1]);
        await admin.config('SET', 'maxmemory', String(used + room));
        const error: unknown = await tasks.queueMany('default', 'task', ROWS).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        await admin.config('SET', 'maxmemory', '0');
        expect((await counted()) - before, `with room for ${room} bytes`).toBe(error === null ? ROWS.length : 0);
        if (error !== null)
          expect(error).toMatchObject({ name: 'StoreError', message: expect.stringContaining('memory is full') });
        outcomes.add(error === null ? 'all' : 'none');
      }
      expect([...outcomes].sort()).toEqual(['all', 'none']);
    } finally {
      await app.close();
      admin.disconnect();
      await server.remove();
    }
  });
});
