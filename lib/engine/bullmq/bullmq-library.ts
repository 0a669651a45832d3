import { loadPeer } from '../common/index.js';

export type BullmqLibrary = typeof import('bullmq');

const OPTION = '"engine"';

/** BullMQ and its drivers are optional peers: they are loaded when they are used. @throws TasksConfigError where one is missing or does not fit */
export async function loadBullmq(): Promise<BullmqLibrary> {
  return loadPeer('bullmq', OPTION, () => import('bullmq'));
}

export async function loadRedisDriver(): Promise<Pick<typeof import('ioredis'), 'Redis'>> {
  return loadPeer('ioredis', OPTION, () => import('ioredis'));
}

export async function loadPostgresDriver(): Promise<Pick<typeof import('pg'), 'Client' | 'Pool'>> {
  return loadPeer('pg', OPTION, async () => (await import('pg')).default);
}
