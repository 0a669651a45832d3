import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { bullmq } from '../../lib/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { PostgresServer } from '../support/servers/postgres-server.js';
import { RedisServer } from '../support/servers/redis-server.js';
import { describeOutbox } from './outbox.suite.js';

describeWith(['redis', 'postgres'], 'tasks in Redis', () => {
  let redis: RedisServer;
  let postgres: PostgresServer;
  let stores = 0;

  beforeAll(async () => {
    [redis, postgres] = await Promise.all([RedisServer.start(), PostgresServer.start()]);
  }, 120_000);

  afterAll(async () => {
    await Promise.all([redis.remove(), postgres.remove()]);
  });

  const store = () => ({
    engine: bullmq({ connection: { host: redis.host, port: redis.port }, prefix: `store${(stores += 1)}` }),
  });

  describeOutbox('PostgreSQL', async () => ({ type: 'postgres', url: await postgres.createDatabase() }), store);
  describeOutbox(
    'a SQLite file',
    async (folder) => ({ type: 'better-sqlite3', database: join(folder, 'app.db') }),
    store,
  );
});
