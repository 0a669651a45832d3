import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from './find-program.js';
import { RedisServer } from './redis-server.js';

describeWith('redis', 'a Redis of the test', () => {
  let server: RedisServer;

  async function ask<T>(question: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(server.port, { retryStrategy: null, maxRetriesPerRequest: 0 });
    client.on('error', () => undefined);
    try {
      return await question(client);
    } finally {
      client.disconnect();
    }
  }

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterAll(() => server.remove());

  it('keeps its data over a stop and a restart', async () => {
    await ask((client) => client.set('kept', 'by a stop'));
    await server.stop();
    await expect(ask((client) => client.get('kept'))).rejects.toThrow();
    await server.restart();
    expect(await ask((client) => client.get('kept'))).toBe('by a stop');
  });

  it('keeps its data over a kill', async () => {
    await ask(async (client) => {
      await client.set('kept', 'by a kill');
    });
    await server.kill();
    await expect(ask((client) => client.get('kept'))).rejects.toThrow();
    await server.restart();
    expect(await ask((client) => client.get('kept'))).toBe('by a kill');
  });

  it('stands alone beside another', async () => {
    const other = await RedisServer.start();
    try {
      await ask((client) => client.set('here', 'only'));
      const client = new Redis(other.port);
      expect(await client.exists('here')).toBe(0);
      client.disconnect();
    } finally {
      await other.remove();
    }
  });
});
