import { beforeAll } from 'vitest';
import { bullmqEngine } from '../../lib/engine/bullmq/index.js';
import { createBullmqTables } from '../support/servers/bullmq-tables.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { systemTime } from './harness.js';
import { describeTaskEngine } from './task-engine.suite.js';

describeWith('postgres', 'with a PostgreSQL', () => {
  let server: SharedPostgres;

  beforeAll(async () => {
    server = await SharedPostgres.join(createBullmqTables);
  });

  describeTaskEngine('BullMQ on PostgreSQL', async () => {
    const postgres = await server.createDatabase();
    const options = { postgres, lease: 10_000, maxLostAttempts: 5, queues: [] };
    return {
      time: systemTime(),
      engine: (context) => bullmqEngine(options, context),
    };
  });
});
