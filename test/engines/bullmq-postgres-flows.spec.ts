import { describeWith } from '../support/servers/find-program.js';
import { PostgresServer } from '../support/servers/postgres-server.js';
import { describeBullmqFlows } from './bullmq-flows.suite.js';

describeWith('postgres', 'BullMQ', () => {
  describeBullmqFlows('PostgreSQL', async () => {
    const server = await PostgresServer.start();
    return {
      engine: async () => ({ postgres: await server.createDatabase() }),
      restart: () => server.restart(),
      remove: () => server.remove(),
    };
  });
});
