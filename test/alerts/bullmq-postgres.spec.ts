import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeAlerts } from './alerts.suite.js';

describeWith('postgres', 'with a PostgreSQL', () => {
  describeAlerts('on PostgreSQL', async () => {
    const server = await SharedPostgres.join();
    return { database: undefined, engine: bullmq({ postgres: await server.createDatabase() }) };
  });
});
