import { afterAll } from 'vitest';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeDeploys } from './deploys.suite.js';

describeWith('postgres', 'with a PostgreSQL', () => {
  let server: SharedPostgres | undefined;
  afterAll(() => server?.leave());

  const site = async () => {
    server ??= await SharedPostgres.join();
    return { database: undefined as never, engine: bullmq({ postgres: await server.createDatabase() }) };
  };
  describeDeploys('on PostgreSQL', site);
});
