import { beforeAll } from 'vitest';
import { bullmqEngine } from '../../lib/engine/bullmq/index.js';
import { createBullmqTables } from '../support/servers/bullmq-tables.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeModel } from './model.suite.js';
import { MAX_LOST_ATTEMPTS } from './task-model.js';

describeWith('postgres', 'with a PostgreSQL', () => {
  let server: SharedPostgres;

  beforeAll(async () => {
    server = await SharedPostgres.join(createBullmqTables);
  });

  describeModel(
    'BullMQ on PostgreSQL',
    async () => {
      const postgres = await server.createDatabase();
      // A lease longer than any run: no process of it is silent.
      const options = { postgres, lease: 60_000, maxLostAttempts: MAX_LOST_ATTEMPTS, queues: [] };
      return { engine: (context) => bullmqEngine(options, context) };
    },
    { clock: 'system', runs: 10 },
  );
});
