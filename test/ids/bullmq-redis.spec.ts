import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { describeOwnIds } from './own-ids.suite.js';

describeWith('redis', 'with a Redis', () => {
  describeOwnIds('on Redis', async () => {
    const server = await SharedRedis.join();
    const { connection } = server;
    return {
      storesWithCompletion: false,
      store: async () => ({ database: undefined, engine: bullmq({ connection, prefix: server.createPrefix() }) }),
    };
  });
});
