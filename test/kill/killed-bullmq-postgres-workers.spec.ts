import { describeWith } from '../support/servers/find-program.js';
import { PostgresServer } from '../support/servers/postgres-server.js';
import { describeKilledWorkers } from './killed-bullmq-workers.suite.js';

describeWith('postgres', 'BullMQ', () => {
  describeKilledWorkers('PostgreSQL', async () => {
    const server = await PostgresServer.start();
    return { engine: { postgres: await server.createDatabase() }, remove: () => server.remove() };
  });
});
