import { TasksConfigError } from '../../errors/index.js';

export type BullmqLibrary = typeof import('bullmq');

/** BullMQ and its drivers are optional peers: they are loaded when they are used. @throws TasksConfigError where one is missing */
export async function loadBullmq(): Promise<BullmqLibrary> {
  return load('bullmq', 'bullmq', () => import('bullmq'));
}

export async function loadRedisDriver(): Promise<Pick<typeof import('ioredis'), 'Redis'>> {
  return load('ioredis', 'bullmq ioredis', () => import('ioredis'));
}

export async function loadPostgresDriver(): Promise<Pick<typeof import('pg'), 'Pool'>> {
  return load('pg', 'bullmq pg', async () => (await import('pg')).default);
}

async function load<T>(name: string, packages: string, importing: () => Promise<T>): Promise<T> {
  try {
    return await importing();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
    throw new TasksConfigError(
      `"engine": the package "${name}" is not installed. Install it with: npm install ${packages}`,
      {
        cause: error,
      },
    );
  }
}
