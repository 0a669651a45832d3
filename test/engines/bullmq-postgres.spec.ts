import { describeWith } from '../support/servers/find-program.js';
import { PostgresServer } from '../support/servers/postgres-server.js';
import { describeBullmq } from './bullmq.suite.js';

describeWith('postgres', 'BullMQ', () => {
  describeBullmq('PostgreSQL', async () => {
    const server = await PostgresServer.start();
    return {
      engine: async () => ({ postgres: await server.createDatabase() }),
      restart: () => server.restart(),
      remove: () => server.remove(),
    };
  });
});
