import { bullmq } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeOddTexts } from './odd-texts.suite.js';

describeWith('postgres', 'BullMQ', () => {
  describeOddTexts('PostgreSQL', async () => {
    const server = await SharedPostgres.join();
    return {
      store: async () => ({ database: undefined, engine: bullmq({ postgres: await server.createDatabase() }) }),
      remove: () => Promise.resolve(),
    };
  });
});
