import { afterAll, beforeAll, describe, it } from 'vitest';
import { Client } from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { describeKills } from './killed.suite.js';
import { describeOutbox } from './outbox.suite.js';
import { findPostgres, type PostgresServer, startPostgres } from './support.js';

const bin = findPostgres();

if (bin === null) {
  describe('an outbox in PostgreSQL', () => {
    it.skip('needs the programs postgres and initdb, which are not installed here', () => {});
  });
} else {
  let server: PostgresServer;
  let count = 0;

  beforeAll(async () => {
    server = await startPostgres(bin);
  }, 60_000);

  afterAll(() => server.stop());

  const database = async (): Promise<DataSourceOptions> => {
    const name = `app_${(count += 1)}`;
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    return { type: 'postgres', url: server.url.replace(/\/postgres$/, `/${name}`) };
  };

  describeOutbox('PostgreSQL', database);
  describeKills('PostgreSQL', database);
}
