import { describeWith } from '../support/servers/find-program.js';
import { PostgresServer } from '../support/servers/postgres-server.js';
import { describeFaults } from './faults.suite.js';

describeWith('postgres', 'BullMQ', () => {
  describeFaults('PostgreSQL', async () => {
    const server = await PostgresServer.start();
    return {
      port: server.port,
      engine: async (port) => {
        const url = new URL(await server.createDatabase());
        url.port = String(port);
        // A dead line is noticed sooner than by default.
        url.search = '?query_timeout=7000&connectionTimeoutMillis=3000';
        return { postgres: url.href };
      },
      stop: () => server.stop(),
      kill: () => server.kill(),
      restart: () => server.restart(),
      remove: () => server.remove(),
    };
  });
});
