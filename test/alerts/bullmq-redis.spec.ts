import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { describeAlerts } from './alerts.suite.js';

describeWith('redis', 'with a Redis', () => {
  describeAlerts('on Redis', async () => {
    const server = await SharedRedis.join();
    const { connection } = server;
    return { database: undefined, engine: bullmq({ connection, prefix: server.createPrefix() }) };
  });
});
