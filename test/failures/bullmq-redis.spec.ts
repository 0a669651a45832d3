import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { describeOnFailed } from './on-failed.suite.js';

describeWith('redis', 'with a Redis', () => {
  describeOnFailed('on Redis', async () => {
    const server = await SharedRedis.join();
    const engine = bullmq({ connection: server.connection, prefix: server.createPrefix() });
    return { database: undefined as never, engine };
  });
});
