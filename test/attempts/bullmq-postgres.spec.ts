import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeAttempts } from './attempts.suite.js';

describeWith('postgres', 'with a PostgreSQL', () => {
  describeAttempts('on PostgreSQL', async () => {
    const server = await SharedPostgres.join();
    return { database: undefined as never, engine: bullmq({ postgres: await server.createDatabase() }) };
  });
});
