import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { describeQuickStart } from './quick-start.suite.js';

/** The sample goes by BullMQ's default prefix, so this database of the run's Redis is its own; others use number 0. */
const DATABASE = 1;

describeWith('redis', 'BullMQ', () => {
  describeQuickStart('Redis', async () => {
    const server = await SharedRedis.join();
    return `${server.url}/${DATABASE}`;
  });
});
