import { describeWith } from '../support/servers/find-program.js';
import { RedisServer } from '../support/servers/redis-server.js';
import { describeKilledWorkers } from './killed-bullmq-workers.suite.js';

describeWith('redis', 'BullMQ', () => {
  describeKilledWorkers('Redis', async () => {
    const server = await RedisServer.start();
    return { engine: { connection: { host: '127.0.0.1', port: server.port } }, remove: () => server.remove() };
  });
});
