import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { describeOddTexts } from './odd-texts.suite.js';

describeWith('redis', 'BullMQ', () => {
  describeOddTexts('Redis', async () => {
    const server = await SharedRedis.join();
    const { connection } = server;
    return {
      store: async () => ({ database: undefined, engine: bullmq({ connection, prefix: server.createPrefix() }) }),
      remove: async () => undefined,
    };
  });
});
