import { beforeAll } from 'vitest';
import { bullmqEngine } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { describeModel } from './model.suite.js';
import { MAX_LOST_ATTEMPTS } from './task-model.js';

describeWith('redis', 'with a Redis', () => {
  let server: SharedRedis;

  beforeAll(async () => {
    server = await SharedRedis.join();
  });

  describeModel(
    'BullMQ on Redis',
    async () => {
      const options = {
        connection: server.connection,
        prefix: server.createPrefix(),
        // Longer than any run: no process of it is silent.
        lease: 60_000,
        maxLostAttempts: MAX_LOST_ATTEMPTS,
        queues: [],
      };
      return { engine: (context) => bullmqEngine(options, context) };
    },
    { clock: 'system', runs: 30 },
  );
});
