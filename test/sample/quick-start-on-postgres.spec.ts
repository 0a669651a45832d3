import { describeWith } from '../support/servers/find-program.js';
import { PostgresServer } from '../support/servers/postgres-server.js';
import { describeQuickStart } from './quick-start.suite.js';

describeWith('postgres', 'BullMQ', () => {
  describeQuickStart('PostgreSQL', async () => {
    const server = await PostgresServer.start();
    return { url: await server.createDatabase(), remove: () => server.remove() };
  });
});
