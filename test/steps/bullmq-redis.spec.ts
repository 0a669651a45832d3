import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { describeSteps } from './steps.suite.js';

describeWith('redis', 'with a Redis', () => {
  describeSteps('on Redis', async () => {
    const server = await SharedRedis.join();
    const engine = bullmq({ connection: server.connection, prefix: server.createPrefix() });
    return { database: undefined as never, engine };
  });
});
