import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { describeLostServer } from './servers.suite.js';

describeWith('redis', 'with a Redis', () => {
  describeLostServer('Redis', async () => {
    const server = await SharedRedis.join();
    return {
      port: server.port,
      store: async (port) => ({
        database: undefined,
        engine: bullmq({ connection: { host: server.host, port }, prefix: server.createPrefix() }),
      }),
    };
  });
});
