import type { Redis } from 'ioredis';
import { monotonicTime, sleep } from '../../../clock/index.js';
import { StoreError } from '../../../contract/index.js';
import { loadRedisDriver } from '../bullmq-library.js';
import type { BullmqOptions } from '../bullmq-options.js';
import { redisOptions } from '../connections/redis-connections.js';

/** Of any age, so that none stays behind. */
const WRITTEN_MS = 60_000;
const PATIENCE_MS = 60_000;
/** With `appendfsync everysec`, what was written is on the disk after a second, or two where that is busy. */
const EVERY_SECOND_MS = 1_500;
const LOOK_EVERY_MS = 100;

/**
 * Resolves when all that was written before is in Redis' append-only file on the disk: a crash of the machine leaves it
 * there. Resolves to false where Redis writes no such file, so that it may lose what came after its last snapshot.
 * @throws StoreError where that takes too long
 */
export async function flushRedis(
  connection: NonNullable<BullmqOptions['connection']>,
  prefix = 'bull',
): Promise<boolean> {
  const { Redis: Client } = await loadRedisDriver();
  const client = new Client({ ...(await redisOptions(connection)), maxRetriesPerRequest: 3 });
  client.on('error', () => undefined);
  try {
    if (!(await persistence(client)).includes('aof_enabled:1')) return false;
    // The file is written in the order of the commands: once this one is on the disk, all before it are.
    await client.set(`${prefix}:nestjs-tasks:flushed`, '1', 'PX', WRITTEN_MS);
    if (!(await waitForFile(client))) throw new StoreError('Redis does not write its append-only file to the disk.');
    return true;
  } finally {
    client.disconnect();
  }
}

async function waitForFile(client: Redis): Promise<boolean> {
  try {
    const [local] = (await client.call('WAITAOF', 1, 0, PATIENCE_MS)) as [number, number];
    return local > 0;
  } catch (error) {
    // Before 7.2 it cannot be asked for.
    if (!/unknown command/i.test(String(error))) throw error;
  }
  await sleep(EVERY_SECOND_MS);
  const until = monotonicTime() + PATIENCE_MS;
  while (monotonicTime() < until) {
    const info = await persistence(client);
    if (info.includes('aof_buffer_length:0') && info.includes('aof_pending_bio_fsync:0')) return true;
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}

function persistence(client: Redis): Promise<string> {
  return client.info('persistence');
}
