import { beforeAll } from 'vitest';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { createBullmqTables } from '../support/servers/bullmq-tables.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeBullmqSteps } from './bullmq-steps.suite.js';
import { describeSteps } from './steps.suite.js';

describeWith('postgres', 'with a PostgreSQL', () => {
  let server: SharedPostgres;

  beforeAll(async () => {
    server = await SharedPostgres.join(createBullmqTables);
  });

  const siteOf = async () => ({
    database: undefined as never,
    engine: bullmq({ postgres: await server.createDatabase() }),
  });
  describeSteps('on PostgreSQL', siteOf);
  describeBullmqSteps('on PostgreSQL', siteOf);
});
