import { afterAll, beforeAll } from 'vitest';
import { BullmqEngine } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { RedisServer } from '../support/servers/redis-server.js';
import { describeModel } from './model.suite.js';
import { MAX_LOST_ATTEMPTS } from './task-model.js';

describeWith('redis', 'with a Redis', () => {
  let server: RedisServer;
  let sites = 0;

  beforeAll(async () => {
    server = await RedisServer.start();
  }, 120_000);

  afterAll(() => server.remove(), 120_000);

  describeModel(
    'BullMQ on Redis',
    async () => {
      sites += 1;
      const options = {
        connection: { host: server.host, port: server.port },
        prefix: `site-${sites}`,
        // Longer than any run: no process of it is silent.
        lease: 60_000,
        maxLostAttempts: MAX_LOST_ATTEMPTS,
        queues: [],
      };
      return { engine: (context) => new BullmqEngine(options, context), remove: async () => undefined };
    },
    { clock: 'system', runs: 30 },
  );
});
