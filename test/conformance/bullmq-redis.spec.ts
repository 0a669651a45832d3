import { beforeAll } from 'vitest';
import { bullmqEngine } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { systemTime } from './harness.js';
import { describeTaskEngine } from './task-engine.suite.js';

describeWith('redis', 'with a Redis', () => {
  let server: SharedRedis;

  beforeAll(async () => {
    server = await SharedRedis.join();
  });

  describeTaskEngine('BullMQ on Redis', async () => {
    const options = {
      connection: server.connection,
      prefix: server.createPrefix(),
      lease: 10_000,
      maxLostAttempts: 5,
      queues: [],
    };
    return {
      time: systemTime(),
      engine: (context) => bullmqEngine(options, context),
    };
  });
});
