import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeBystanders } from './bystanders.suite.js';
import { describeCarriedContext } from './carried.suite.js';
import { describeContexts } from './contexts.suite.js';

describeWith('postgres', 'with a PostgreSQL', () => {
  const siteOf = async (): Promise<TasksModuleRootOptions> => {
    const server = await SharedPostgres.join();
    return { database: undefined as never, engine: bullmq({ postgres: await server.createDatabase() }) };
  };
  describeContexts('on PostgreSQL', siteOf);
  describeCarriedContext('on PostgreSQL', siteOf);
  describeBystanders('on PostgreSQL', siteOf);
});
