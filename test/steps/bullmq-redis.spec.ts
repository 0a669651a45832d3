import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { describeBullmqSteps } from './bullmq-steps.suite.js';
import { describeSteps } from './steps.suite.js';

describeWith('redis', 'with a Redis', () => {
  const siteOf = async () => {
    const server = await SharedRedis.join();
    const engine = bullmq({ connection: server.connection, prefix: server.createPrefix() });
    return { database: undefined as never, engine };
  };
  describeSteps('on Redis', siteOf);
  describeBullmqSteps('on Redis', siteOf);
});
