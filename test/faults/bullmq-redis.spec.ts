import { describeWith } from '../support/servers/find-program.js';
import { RedisServer } from '../support/servers/redis-server.js';
import { describeFaults } from './faults.suite.js';

describeWith('redis', 'BullMQ', () => {
  describeFaults('Redis', async () => {
    const server = await RedisServer.start({ appendfsync: 'always' });
    let stores = 0;
    return {
      port: server.port,
      // A dead line is noticed sooner than by default; not sooner than BullMQ lets Redis wait for a task.
      engine: async (port) => ({
        connection: { host: '127.0.0.1', port, socketTimeout: 7_000 },
        prefix: `store${(stores += 1)}`,
      }),
      stop: () => server.stop(),
      kill: () => server.kill(),
      restart: () => server.restart(),
      remove: () => server.remove(),
    };
  });
});
