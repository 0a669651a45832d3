import { beforeAll } from 'vitest';
import { describeWith } from '../support/servers/find-program.js';
import { SharedMariadb } from '../support/servers/shared-mariadb.js';
import { describeKills } from './killed.suite.js';

describeWith('mariadb', 'MariaDB', () => {
  let server: SharedMariadb;

  beforeAll(async () => {
    server = await SharedMariadb.join();
  });

  describeKills('MariaDB', () => server.createDatabase());
});
