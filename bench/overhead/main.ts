/**
 * What the library costs beside plain BullMQ on the same Redis, in the same run:
 *
 *     node dist/bench/bench/overhead/main.js [--rounds 7] [--scale 1] [--only drain]
 *
 * Each round measures all contestants one right after the other, in turns first, so that what else the machine does hits
 * all of them.
 */
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { RedisServer } from '../../test/support/servers/redis-server.js';
import { formatTable } from '../report/table.js';
import { openLibrary } from './library.js';
import { measures, take, type Cost, type RedisUse } from './measures.js';
import { openFull, openPlain } from './plain.js';
import type { Side, SideOptions } from './side.js';

/** Rounds before those that count: code is compiled, connections are known to the system. */
const WARM_UP = 1;

interface Contestant {
  readonly title: string;
  readonly validated: boolean;
  readonly open: (options: SideOptions) => Promise<Side>;
}

/**
 * In this order: BullMQ as it is; BullMQ asked for what the library always asks for (priorities, ids that tell a
 * repetition, counts by the minute) and the library; the two again with params checked by class-validator at both ends.
 */
const CONTESTANTS: readonly Contestant[] = [
  { title: 'plain BullMQ', validated: false, open: openPlain },
  { title: 'BullMQ, same features', validated: false, open: openFull },
  { title: 'nestjs-tasks', validated: false, open: openLibrary },
  { title: 'BullMQ, same features, validated', validated: true, open: openFull },
  { title: 'nestjs-tasks, validated', validated: true, open: openLibrary },
];

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

  const table: string[][] = [];
  try {
    for (const measure of measures(Number(values.scale))) {
      if (!measure.name.includes(values.only)) continue;
      const costs = new Map<Contestant, Cost[]>(CONTESTANTS.map((contestant) => [contestant, []]));
      for (let round = -WARM_UP; round < Number(values.rounds); round += 1) {
        for (const contestant of round % 2 === 0 ? CONTESTANTS : CONTESTANTS.toReversed()) {
          stores += 1;
          const store = { port: server.port, prefix: `store${stores}`, validated: contestant.validated };
          const cost = await take(measure, contestant.open, store, redisUse);
          if (round >= 0) costs.get(contestant)!.push(cost);
          await redis.flushall();
        }
      }
      const all = [...costs.values()];
      const [plain, same, library, sameValidated, libraryValidated] = all as [Cost[], Cost[], Cost[], Cost[], Cost[]];
      table.push([
        measure.name,
        ...all.map((one) => Math.round(1e6 / medianOf(one, 'wall')).toLocaleString('en')),
        ratio(library, same),
        ratio(libraryValidated, sameValidated),
        ratio(library, plain),
      ]);
      console.log(`${measure.name}, for each task:`);
      for (const [{ title }, one] of costs) {
        const of = (what: keyof Cost, digits: number): string => medianOf(one, what).toFixed(digits);
        console.log(
          `  ${title}: ${of('wall', 1)} µs by the wall, processor ${of('cpu', 1)} µs, Redis's ${of('redisCpu', 1)} µs, commands ${of('commands', 1)}`,
        );
      }
    }
  } finally {
    redis.disconnect();
    await server.remove();
  }
  const headings = ['tasks/s', ...CONTESTANTS.map(({ title }) => title), 'ratio', 'ratio, validated', 'ratio to plain'];
  console.log(`\n${formatTable(headings, table)}`);
}

/** Median, least and most of the rounds: how fast we are beside them. */
function ratio(ours: readonly Cost[], theirs: readonly Cost[]): string {
  const ratios = ours.map(({ wall }, round) => theirs[round]!.wall / wall).toSorted((one, other) => one - other);
  return `${median(ratios).toFixed(2)} (${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)})`;
}

function medianOf(costs: readonly Cost[], what: keyof Cost): number {
  return median(costs.map((cost) => cost[what]));
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)]!;
}

await main();
