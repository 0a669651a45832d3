import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeKilledWorkers } from './killed-bullmq-workers.suite.js';

describeWith('postgres', 'BullMQ', () => {
  describeKilledWorkers('PostgreSQL', async () => {
    const server = await SharedPostgres.join();
    return { postgres: await server.createDatabase() };
  });
});
