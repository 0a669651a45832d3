import { describeWith } from '../support/servers/find-program.js';
import { RedisServer } from '../support/servers/redis-server.js';
import { describeQuickStart } from './quick-start.suite.js';

describeWith('redis', 'BullMQ', () => {
  describeQuickStart('Redis', async () => {
    const server = await RedisServer.start();
    return { url: `redis://127.0.0.1:${server.port}`, remove: () => server.remove() };
  });
});
