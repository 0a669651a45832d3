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
import { openFull, openPlain } from './plain.js';

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

  const sides = { plain: openPlain, full: openFull, library: openLibrary };
  try {
    for (const measure of measures(Number(values.scale))) {
      if (!measure.name.includes(values.only)) continue;
      const costs: Record<keyof typeof sides, Cost[]> = { plain: [], full: [], library: [] };
      for (let round = -WARM_UP; round < Number(values.rounds); round += 1) {
        const order = ['plain', 'library', 'full'] as const;
        for (const side of round % 2 === 0 ? order : order.toReversed()) {
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

function report(name: string, costs: Readonly<Record<'plain' | 'full' | 'library', readonly Cost[]>>): void {
  const { plain, full, library } = costs;
  const of = (side: readonly Cost[], what: keyof Cost): number => median(side.map((cost) => cost[what]));
  const all = (what: keyof Cost, digits: number): string =>
    [plain, full, library].map((side) => of(side, what).toFixed(digits)).join(' -> ');
  const perSecond = [plain, full, library].map((side) => Math.round(1e6 / of(side, 'wall'))).join(' -> ');
  console.log(
    `${name}: ${ratio(library, plain)} of plain BullMQ, ${ratio(library, full)} of BullMQ with priorities, ids and counts\n` +
      `  a second: ${perSecond}\n` +
      `  for each task: processor ${all('cpu', 0)} µs, Redis's ${all('redisCpu', 0)} µs, commands ${all('commands', 1)}`,
  );
}

/** Median, least and most of the rounds. */
function ratio(ours: readonly Cost[], theirs: readonly Cost[]): string {
  const ratios = ours.map(({ wall }, round) => theirs[round]!.wall / wall).toSorted((one, other) => one - other);
  return `${median(ratios).toFixed(2)} (${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)})`;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)]!;
}

await main();
