import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeOwnIds } from './own-ids.suite.js';

describeWith('postgres', 'with a PostgreSQL', () => {
  describeOwnIds('on PostgreSQL', async () => {
    const server = await SharedPostgres.join();
    return {
      storesWithCompletion: false,
      store: async () => ({ database: undefined, engine: bullmq({ postgres: await server.createDatabase() }) }),
    };
  });
});
