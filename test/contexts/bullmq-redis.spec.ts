import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { describeBystanders } from './bystanders.suite.js';
import { describeCarriedContext } from './carried.suite.js';
import { describeContexts } from './contexts.suite.js';

describeWith('redis', 'with a Redis', () => {
  const siteOf = async (): Promise<TasksModuleRootOptions> => {
    const server = await SharedRedis.join();
    const engine = bullmq({ connection: server.connection, prefix: server.createPrefix() });
    return { database: undefined as never, engine };
  };
  describeContexts('on Redis', siteOf);
  describeCarriedContext('on Redis', siteOf);
  describeBystanders('on Redis', siteOf);
});
