import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeQuickStart } from './quick-start.suite.js';

describeWith('postgres', 'BullMQ', () => {
  describeQuickStart('PostgreSQL', async () => {
    const server = await SharedPostgres.join();
    return server.createDatabase();
  });
});
