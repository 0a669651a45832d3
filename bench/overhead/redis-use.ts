import type { Redis } from 'ioredis';

/** What Redis has done so far. */
export interface RedisUse {
  /** Those within scripts among them. */
  readonly commands: number;
  /** Microseconds of its processor time. */
  readonly cpu: number;
}

export async function redisUse(redis: Redis): Promise<RedisUse> {
  const info = await redis.info('everything');
  const calls = [...info.matchAll(/^cmdstat_[^:]+:calls=(\d+)/gm)].map(([, number]) => Number(number));
  const seconds = (kind: string): number => Number(new RegExp(`^used_cpu_${kind}:(.*)$`, 'm').exec(info)![1]);
  return {
    commands: calls.reduce((sum, number) => sum + number, 0),
    cpu: (seconds('user') + seconds('sys')) * 1e6,
  };
}
