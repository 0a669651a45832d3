// The process of one contestant in one measure: carries it out on a store of its own, each time it is asked.
import { Redis } from 'ioredis';
import { CONTESTANTS } from './contestants.js';
import { measures, take, type Cost } from './measures.js';
import { redisUse } from './redis-use.js';

export interface Job {
  readonly measure: string;
  readonly scale: number;
  readonly contestant: string;
  readonly port: number;
  readonly prefix: string;
}

export type Answer = { readonly cost: Cost } | { readonly error: string };

async function carryOut({ measure, scale, contestant, port, prefix }: Job): Promise<Cost> {
  const { open, validated } = CONTESTANTS.find(({ title }) => title === contestant)!;
  const redis = new Redis(port, '127.0.0.1');
  try {
    const found = measures(scale).find(({ name }) => name === measure)!;
    return await take(found, open, { port, prefix, validated }, () => redisUse(redis));
  } finally {
    redis.disconnect();
  }
}

process.on('message', (job: Job) => {
  carryOut(job).then(
    (cost) => process.send!({ cost } satisfies Answer),
    (error: Error) => process.send!({ error: error.stack ?? error.message } satisfies Answer),
  );
});
