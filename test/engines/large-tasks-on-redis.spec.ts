import { describeWith } from '../support/servers/find-program.js';
import { RedisServer } from '../support/servers/redis-server.js';
import { describeLargeTasks } from './large-tasks.suite.js';

describeWith('redis', 'BullMQ on Redis', () => {
  describeLargeTasks(async () => {
    const server = await RedisServer.start({ appendonly: 'no' });
    return { store: { connection: { host: server.host, port: server.port } }, remove: () => server.remove() };
  });
});
