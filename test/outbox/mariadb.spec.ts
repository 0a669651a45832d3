import { beforeAll } from 'vitest';
import { describeWith } from '../support/servers/find-program.js';
import { SharedMariadb } from '../support/servers/shared-mariadb.js';
import { describeOutbox } from './outbox.suite.js';

describeWith('mariadb', 'MariaDB', () => {
  let server: SharedMariadb;

  beforeAll(async () => {
    server = await SharedMariadb.join();
  });

  describeOutbox('MariaDB', () => server.createDatabase());
});
