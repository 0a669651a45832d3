import { createPostgresBackend, Queue, Worker } from 'bullmq';
import { Client } from 'pg';
import type { BullmqOptions } from '../../lib/engine/bullmq/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeForeignQueues } from './foreign-queues.suite.js';

const backend = createPostgresBackend as never;

describeWith('postgres', 'BullMQ', () => {
  describeForeignQueues('PostgreSQL', async () => {
    const server = await SharedPostgres.join();
    const base = (postgres: BullmqOptions['postgres']) => ({ connection: { connectionString: postgres as string } });
    return {
      engine: async () => ({ postgres: await server.createDatabase() }),
      queue: ({ postgres }, name) => new Queue(name, base(postgres), backend),
      worker: ({ postgres }, name, process) => new Worker(name, process, base(postgres), backend),
      contents: async ({ postgres }, name) => {
        const client = new Client({ connectionString: postgres as string });
        await client.connect();
        try {
          const tables = ['job', 'meta', 'job_log', 'event', 'metrics', 'scheduler'];
          const found: unknown[] = [];
          for (const table of tables) {
            const rows = `SELECT to_jsonb(t) AS row FROM bullmq.${table} t WHERE queue LIKE $1 ORDER BY to_jsonb(t)::text`;
            found.push((await client.query(rows, [`${name}%`])).rows);
          }
          return found;
        } finally {
          await client.end();
        }
      },
    };
  });
});
