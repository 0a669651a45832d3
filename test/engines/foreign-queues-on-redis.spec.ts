import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { describeForeignQueues } from './foreign-queues.suite.js';

describeWith('redis', 'BullMQ', () => {
  describeForeignQueues('Redis', async () => {
    const server = await SharedRedis.join();
    const { connection } = server;
    return {
      engine: async () => ({ connection, prefix: server.createPrefix() }),
      queue: ({ prefix }, name) => new Queue(name, { connection, prefix: prefix! }),
      worker: ({ prefix }, name, process) => new Worker(name, process, { connection, prefix: prefix! }),
      contents: async ({ prefix }, name) => {
        const client = new Redis(connection);
        try {
          const keys = (await client.keys(`${prefix}:${name}*`)).toSorted();
          return await Promise.all(keys.map(async (key) => [key, await client.dump(key)]));
        } finally {
          client.disconnect();
        }
      },
    };
  });
});
