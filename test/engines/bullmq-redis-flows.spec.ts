import { describeWith } from '../support/servers/find-program.js';
import { RedisServer } from '../support/servers/redis-server.js';
import { describeBullmqFlows } from './bullmq-flows.suite.js';

describeWith('redis', 'BullMQ', () => {
  describeBullmqFlows('Redis', async () => {
    const server = await RedisServer.start();
    let stores = 0;
    return {
      engine: async () => ({ connection: { host: '127.0.0.1', port: server.port }, prefix: `store${(stores += 1)}` }),
      restart: () => server.restart(),
      remove: () => server.remove(),
    };
  });
});
