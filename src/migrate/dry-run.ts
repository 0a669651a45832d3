import { dirname } from 'node:path';
import { existsSync } from 'node:fs';
import { messageOf } from '../../lib/contract/index.js';
import { CliError } from '../cli/usage-error.js';
import { bookReport, stopFirst, tallyOf } from './move.js';
import type { OpenStore } from './open-store.js';
import type { StoreAddress } from './store-address.js';
import { compare, Tally } from './tally.js';

/**
 * What a move would take along, and whether it could begin; writes nothing.
 * @throws CliError where it could not
 */
export async function dryRun(source: OpenStore, target: StoreAddress): Promise<string> {
  const mark = await source.store.readMark();
  const workers = await source.store.workers();
  await assertReachable(target);
  const inTheWay = [...workers, ...(await source.store.unmovable())];
  if (inTheWay.length > 0) throw new CliError(stopFirst(inTheWay.map((one) => `${source.shown}: ${one}`)));
  const tally = await tallyOf(source, mark?.at ?? Date.now(), () => true);
  const book = bookReport(await source.store.exportBook());
  const [table] = compare(tally, new Tally()).split('\nsource sha256:');
  return [table!.replaceAll(/ +\S+$/gm, ''), book, `Nothing was written to ${target.shown}.`].join('\n');
}

async function assertReachable(address: StoreAddress): Promise<void> {
  try {
    if (address.kind === 'sqlite') assertFolder(address.file);
    else if (address.kind === 'redis') await pingRedis(address);
    else await pingPostgres(address.url);
  } catch (error) {
    throw new CliError(`${address.shown} cannot be used: ${messageOf(error)}`);
  }
}

function assertFolder(file: string): void {
  if (!existsSync(dirname(file))) throw new Error(`there is no folder ${dirname(file)}`);
}

async function pingRedis({ connection }: StoreAddress & { kind: 'redis' }): Promise<void> {
  const { loadRedisDriver } = await import('../../lib/engine/bullmq/bullmq-library.js');
  const { redisOptions } = await import('../../lib/engine/bullmq/connections/redis-connections.js');
  const { Redis } = await loadRedisDriver();
  const client = new Redis({ ...(await redisOptions(connection)), lazyConnect: true, retryStrategy: null });
  // `connect` rejects with the same error.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
  } finally {
    client.disconnect();
  }
}

async function pingPostgres(connectionString: string): Promise<void> {
  const { loadPostgresDriver } = await import('../../lib/engine/bullmq/bullmq-library.js');
  const { Pool } = await loadPostgresDriver();
  const pool = new Pool({ connectionString });
  try {
    await pool.query('SELECT 1');
  } finally {
    await pool.end();
  }
}
