import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeHealth } from './health.suite.js';

describeWith('postgres', 'with a PostgreSQL', () => {
  describeHealth('on PostgreSQL', async () => {
    const server = await SharedPostgres.join();
    return { database: undefined, engine: bullmq({ postgres: await server.createDatabase() }) };
  });
});
