import { afterAll, beforeAll } from 'vitest';
import type { DataSourceOptions } from 'typeorm';
import { describeWith } from '../support/servers/find-program.js';
import { MariadbServer } from '../support/servers/mariadb-server.js';
import { describeKills } from './killed.suite.js';
import { describeOutbox } from './outbox.suite.js';

describeWith('mariadb', 'MariaDB', () => {
  let server: MariadbServer;

  beforeAll(async () => {
    server = await MariadbServer.start();
  }, 120_000);

  afterAll(() => server.remove());

  const database = async (): Promise<DataSourceOptions> => ({
    type: 'mariadb',
    host: '127.0.0.1',
    port: server.port,
    username: 'root',
    database: await server.createDatabase(),
    charset: 'utf8mb4',
  });

  describeOutbox('MariaDB', database);
  describeKills('MariaDB', database);
});
