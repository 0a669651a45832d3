import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { CliError } from '../cli/usage-error.js';
import { inspectStore } from '../store/store-file.js';
import type { StoreAddress } from './store-address.js';

/** @throws CliError where a file is to be in a folder that there is not: the path is more likely a wrong one */
export function assertFolder(address: StoreAddress): void {
  if (address.kind !== 'sqlite' || existsSync(dirname(address.file))) return;
  throw new CliError(`${address.shown} cannot be used: there is no folder ${dirname(address.file)}`);
}

/**
 * Whether there is a store where one is to be, so that it can be looked into without making it. One of an older version is
 * passed over: to be opened is to be brought up to date.
 * @throws Error where none could be made, as a server does not answer
 */
export function holdsStore(address: StoreAddress): Promise<boolean> {
  if (address.kind === 'sqlite') return holdsFile(address.file);
  return address.kind === 'redis' ? holdsRedis(address) : holdsPostgres(address.url);
}

async function holdsFile(file: string): Promise<boolean> {
  const content = await inspectStore(file);
  const { MIGRATION_NAMES } = await import('../../lib/engine/sqlite/store/migrations/index.js');
  return content !== null && MIGRATION_NAMES.every((name) => content.migrations.includes(name));
}

async function holdsRedis({ connection, prefix = 'bull' }: StoreAddress & { kind: 'redis' }): Promise<boolean> {
  const { loadRedisDriver } = await import('../../lib/engine/bullmq/bullmq-library.js');
  const { redisOptions } = await import('../../lib/engine/bullmq/connections/redis-connections.js');
  const { OWN_QUEUE } = await import('../../lib/engine/bullmq/queue-names.js');
  const { Redis } = await loadRedisDriver();
  const client = new Redis({ ...(await redisOptions(connection)), lazyConnect: true, retryStrategy: null });
  // `connect` rejects with the same error.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.exists(`${prefix}:${OWN_QUEUE}:meta`)) === 1;
  } finally {
    client.disconnect();
  }
}

async function holdsPostgres(connectionString: string): Promise<boolean> {
  const { loadPostgresDriver } = await import('../../lib/engine/bullmq/bullmq-library.js');
  const { OWN_QUEUE } = await import('../../lib/engine/bullmq/queue-names.js');
  const { Pool } = await loadPostgresDriver();
  const pool = new Pool({ connectionString });
  try {
    const { rows } = await pool.query<{ found: string | null }>(`SELECT to_regclass('bullmq.meta') AS found`);
    if (rows[0]?.found == null) return false;
    return (await pool.query('SELECT 1 FROM bullmq.meta WHERE queue = $1 LIMIT 1', [OWN_QUEUE])).rows.length > 0;
  } finally {
    await pool.end();
  }
}
