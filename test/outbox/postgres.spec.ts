import { afterAll, beforeAll } from 'vitest';
import type { DataSourceOptions } from 'typeorm';
import { describeWith } from '../support/servers/find-program.js';
import { PostgresServer } from '../support/servers/postgres-server.js';
import { describeKills } from './killed.suite.js';
import { describeOutbox } from './outbox.suite.js';

describeWith('postgres', 'PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 120_000);

  afterAll(() => server.remove());

  const database = async (): Promise<DataSourceOptions> => ({
    type: 'postgres',
    url: await server.createDatabase(),
  });

  describeOutbox('PostgreSQL', database);
  describeKills('PostgreSQL', database);
});
