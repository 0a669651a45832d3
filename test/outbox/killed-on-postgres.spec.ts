import { beforeAll } from 'vitest';
import type { DataSourceOptions } from 'typeorm';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeKills } from './killed.suite.js';

describeWith('postgres', 'PostgreSQL', () => {
  let server: SharedPostgres;

  beforeAll(async () => {
    server = await SharedPostgres.join();
  });

  const database = async (): Promise<DataSourceOptions> => ({
    type: 'postgres',
    url: await server.createDatabase(),
  });

  describeKills('PostgreSQL', database);
});
