import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { beforeAll, expect, it } from 'vitest';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, onTestEnd } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { TcpProxy } from '../support/servers/tcp-proxy.js';
import { until } from '../support/until.js';
import { describeOutbox } from './outbox.suite.js';

describeWith(['redis', 'postgres'], 'tasks in Redis', () => {
  let redis: SharedRedis;
  let postgres: SharedPostgres;

  beforeAll(async () => {
    [redis, postgres] = await Promise.all([SharedRedis.join(), SharedPostgres.join()]);
  });

  const store = () => ({
    engine: bullmq({ connection: redis.connection, prefix: redis.createPrefix() }),
  });

  it('lets orders be placed while Redis is away, and shows what waits', { timeout: 120_000 }, async () => {
    const proxy = await TcpProxy.start(redis.port);
    onTestEnd(() => proxy.close());
    const app = await new DataSource({ type: 'postgres', url: await postgres.createDatabase() }).initialize();
    onTestEnd(() => app.destroy());
    const ran: number[] = [];
    @Injectable()
    class Work {
      @TaskHandler('work')
      work({ n }: { n: number }): void {
        ran.push(n);
      }
    }
    const engine = bullmq({ connection: { host: proxy.host, port: proxy.port }, prefix: redis.createPrefix() });
    const tasks = dispatcherOf(
      await bootApp({
        tasks: { database: undefined, engine, outbox: { dataSource: app }, workers: 1 },
        providers: [Work],
      }),
    );
    expect(await tasks.outbox()).toEqual({ enabled: true, queues: [] });
    proxy.refuse();
    const begun = Date.now();
    for (const n of [1, 2]) {
      await app.transaction((manager) => tasks.queue('default', 'work', { n }, { manager }));
    }
    const { queues } = await tasks.outbox();
    expect(queues).toEqual([{ queue: 'default', waiting: 2, oldestAt: expect.any(Number) as number }]);
    expect(queues[0]!.oldestAt).toBeGreaterThanOrEqual(begun);
    proxy.forward();
    await until('both to run', () => ran.length === 2, { patience: 60_000 });
    expect(ran).toEqual([1, 2]);
    await until('the rows to go', async () => (await tasks.outbox()).queues.length === 0);
  });

  describeOutbox('PostgreSQL', async () => ({ type: 'postgres', url: await postgres.createDatabase() }), store);
  describeOutbox(
    'a SQLite file',
    async (folder) => ({ type: 'better-sqlite3', database: join(folder, 'app.db') }),
    store,
  );
});
