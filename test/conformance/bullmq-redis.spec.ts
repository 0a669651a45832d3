import { afterAll, beforeAll } from 'vitest';
import { BullmqEngine } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { RedisServer } from '../support/servers/redis-server.js';
import { systemTime } from './harness.js';
import { describeTaskEngine } from './task-engine.suite.js';

describeWith('redis', 'with a Redis', () => {
  let server: RedisServer;
  let sites = 0;

  beforeAll(async () => {
    server = await RedisServer.start();
  }, 120_000);

  afterAll(() => server.remove(), 120_000);

  describeTaskEngine('BullMQ on Redis', async () => {
    sites += 1;
    const options = {
      connection: { host: server.host, port: server.port },
      prefix: `site-${sites}`,
      lease: 10_000,
      maxLostAttempts: 5,
      queues: [],
    };
    return {
      time: systemTime(),
      engine: (context) => new BullmqEngine(options, context),
      remove: async () => undefined,
    };
  });
});
