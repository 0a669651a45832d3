import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { describeKilledWorkers } from './killed-bullmq-workers.suite.js';

describeWith('redis', 'BullMQ', () => {
  describeKilledWorkers('Redis', async () => {
    const server = await SharedRedis.join();
    return { connection: server.connection, prefix: server.createPrefix() };
  });
});
