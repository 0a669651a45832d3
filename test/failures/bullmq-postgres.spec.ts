import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeOnFailed } from './on-failed.suite.js';

describeWith('postgres', 'with a PostgreSQL', () => {
  describeOnFailed('on PostgreSQL', async () => {
    const server = await SharedPostgres.join();
    return { database: undefined as never, engine: bullmq({ postgres: await server.createDatabase() }) };
  });
});
