import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

export const POSTGRES_USER = 'tasks';

/**
 * Makes a database on the server at a loopback port and resolves to its URL.
 * @param template URL of a database that nobody is connected to, which it is a copy of; without one it is empty
 */
export async function createPostgresDatabase(port: number, template?: string): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  // A copy of the files costs half of one through the log.
  const copied = template === undefined ? '' : `TEMPLATE ${new URL(template).pathname.slice(1)} STRATEGY file_copy`;
  await executeOnPostgres(port, `CREATE DATABASE ${name} ${copied}`);
  return urlOf(port, name);
}

/** Removes a database and cuts whoever is still connected to it. */
export async function dropPostgresDatabase(url: string): Promise<void> {
  const { port, pathname } = new URL(url);
  await executeOnPostgres(Number(port), `DROP DATABASE ${pathname.slice(1)} WITH (FORCE)`);
}

export async function executeOnPostgres(port: number, statement: string): Promise<void> {
  const client = new Client({ connectionString: urlOf(port, 'postgres') });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function urlOf(port: number, database: string): string {
  return `postgres://${POSTGRES_USER}@127.0.0.1:${port}/${database}`;
}
