import { afterAll, beforeAll } from 'vitest';
import { BullmqEngine } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { PostgresServer } from '../support/servers/postgres-server.js';
import { systemTime } from './harness.js';
import { describeTaskEngine } from './task-engine.suite.js';

describeWith('postgres', 'with a PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 120_000);

  afterAll(() => server.remove(), 120_000);

  describeTaskEngine('BullMQ on PostgreSQL', async () => {
    const postgres = await server.createDatabase();
    const options = { postgres, lease: 10_000, maxLostAttempts: 5, queues: [] };
    return {
      time: systemTime(),
      engine: (context) => new BullmqEngine(options, context),
      remove: async () => undefined,
    };
  });
});
