import { randomUUID } from 'node:crypto';
import { createConnection } from 'mysql2/promise';

/** Makes an empty database on the server at a loopback port and resolves to its name. */
export async function createMariadbDatabase(port: number): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await executeOnMariadb(port, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  return name;
}

export async function executeOnMariadb(port: number, statement: string): Promise<void> {
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'root' });
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}
