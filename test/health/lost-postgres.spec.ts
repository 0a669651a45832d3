import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeLostServer } from './servers.suite.js';

describeWith('postgres', 'with a PostgreSQL', () => {
  describeLostServer('PostgreSQL', async () => {
    const server = await SharedPostgres.join();
    return {
      port: server.port,
      store: async (port) => {
        const url = new URL(await server.createDatabase());
        url.port = String(port);
        return { database: undefined, engine: bullmq({ postgres: url.href }) };
      },
    };
  });
});
