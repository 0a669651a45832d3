import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from './find-program.js';
import { PostgresServer } from './postgres-server.js';

describeWith('postgres', 'a PostgreSQL of the test', () => {
  let server: PostgresServer;

  async function ask(url: string, statement: string): Promise<unknown[]> {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query(statement)).rows as unknown[];
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  afterAll(() => server.remove());

  it.each(['stop', 'kill'] as const)('keeps its data over a %s and a restart', async (end) => {
    const url = await server.createDatabase();
    await ask(url, "CREATE TABLE kept AS SELECT 'this' AS what");
    await server[end]();
    await expect(ask(url, 'SELECT * FROM kept')).rejects.toThrow();
    await server.restart();
    expect(await ask(url, 'SELECT * FROM kept')).toEqual([{ what: 'this' }]);
  });

  it('makes databases that do not see each other', async () => {
    const [one, other] = [await server.createDatabase(), await server.createDatabase()];
    await ask(one, 'CREATE TABLE here (id int)');
    await expect(ask(other, 'SELECT * FROM here')).rejects.toThrow('does not exist');
  });
});
