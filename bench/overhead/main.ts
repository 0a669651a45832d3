/**
 * What the library costs beside plain BullMQ on the same Redis, in the same run:
 *
 *     node dist/bench/bench/overhead/main.js [--rounds 7] [--scale 1] [--only drain]
 *
 * Each round measures both sides one right after the other, in turns first, so that what else the machine does hits both.
 */
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { RedisServer } from '../../test/support/servers/redis-server.js';
import { openLibrary } from './library.js';
import { measures, take, type Cost, type RedisUse } from './measures.js';
import { openPlain } from './plain.js';

/** Rounds before those that count: code is compiled, connections are known to the system. */
const WARM_UP = 1;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    scale: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});

async function main(): Promise<void> {
  const server = await RedisServer.start();
  const redis = new Redis(server.port, server.host);
  let stores = 0;

  async function redisUse(): Promise<RedisUse> {
    const info = await redis.info('everything');
    const calls = [...info.matchAll(/^cmdstat_[^:]+:calls=(\d+)/gm)].map(([, number]) => Number(number));
    const seconds = (kind: string): number => Number(new RegExp(`^used_cpu_${kind}:(.*)$`, 'm').exec(info)![1]);
    return {
      commands: calls.reduce((sum, number) => sum + number, 0),
      cpu: (seconds('user') + seconds('sys')) * 1e6,
    };
  }

  const sides = { plain: openPlain, library: openLibrary };
  try {
    for (const measure of measures(Number(values.scale))) {
      if (!measure.name.includes(values.only)) continue;
      const costs = { plain: [] as Cost[], library: [] as Cost[] };
      for (let round = -WARM_UP; round < Number(values.rounds); round += 1) {
        const order = round % 2 === 0 ? (['plain', 'library'] as const) : (['library', 'plain'] as const);
        for (const side of order) {
          stores += 1;
          const store = { port: server.port, prefix: `store${stores}` };
          const cost = await take(measure, sides[side], store, redisUse);
          if (round >= 0) costs[side].push(cost);
          await redis.flushall();
        }
      }
      report(measure.name, costs);
    }
  } finally {
    redis.disconnect();
    await server.remove();
  }
}

function report(name: string, { plain, library }: Record<'plain' | 'library', readonly Cost[]>): void {
  const ratios = plain.map(({ wall }, round) => wall / library[round]!.wall).toSorted((one, other) => one - other);
  const of = (costs: readonly Cost[], what: keyof Cost): number => median(costs.map((cost) => cost[what]));
  const pair = (what: keyof Cost, digits: number): string =>
    `${of(plain, what).toFixed(digits)} -> ${of(library, what).toFixed(digits)}`;
  const perSecond = (costs: readonly Cost[]): number => Math.round(1e6 / of(costs, 'wall'));
  console.log(
    `${name}: ${median(ratios).toFixed(2)} of plain BullMQ (${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)}), ` +
      `${perSecond(plain)} -> ${perSecond(library)} a second\n` +
      `  for each task: processor ${pair('cpu', 0)} µs, Redis's ${pair('redisCpu', 0)} µs, commands ${pair('commands', 1)}`,
  );
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)]!;
}

await main();
