import { afterAll, beforeAll } from 'vitest';
import { BullmqEngine } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { PostgresServer } from '../support/servers/postgres-server.js';
import { describeModel } from './model.suite.js';
import { MAX_LOST_ATTEMPTS } from './task-model.js';

describeWith('postgres', 'with a PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 120_000);

  afterAll(() => server.remove(), 120_000);

  describeModel(
    'BullMQ on PostgreSQL',
    async () => {
      const postgres = await server.createDatabase();
      // A lease longer than any run: no process of it is silent.
      const options = { postgres, lease: 60_000, maxLostAttempts: MAX_LOST_ATTEMPTS, queues: [] };
      return { engine: (context) => new BullmqEngine(options, context), remove: async () => undefined };
    },
    { clock: 'system', runs: 10 },
  );
});
