/**
 * What the library costs beside plain BullMQ on the same Redis, in the same run:
 *
 *     node dist/bench/bench/overhead/main.js [--rounds 7] [--scale 1] [--only drain]
 *
 * Each round measures all contestants one right after the other, in turns first, so that what else the machine does hits
 * all of them; each has a process of its own.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { RedisServer } from '../../test/support/servers/redis-server.js';
import { formatTable } from '../report/table.js';
import type { Answer, Job } from './child.js';
import { CONTESTANTS, type Contestant } from './contestants.js';
import { measures, type Cost } from './measures.js';

/** Rounds before those that count: code is compiled, connections are known to the system. */
const WARM_UP = 2;

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
  const scale = Number(values.scale);
  const table: string[][] = [];
  try {
    for (const { name: measure } of measures(scale)) {
      if (!measure.includes(values.only)) continue;
      const costs = new Map<Contestant, Cost[]>(CONTESTANTS.map((contestant) => [contestant, []]));
      const processes = new Map<Contestant, ChildProcess>(CONTESTANTS.map((contestant) => [contestant, start()]));
      for (let round = -WARM_UP; round < Number(values.rounds); round += 1) {
        for (const contestant of round % 2 === 0 ? CONTESTANTS : CONTESTANTS.toReversed()) {
          const store = { port: server.port, prefix: `round${round}` };
          const cost = await ask(processes.get(contestant)!, {
            measure,
            scale,
            contestant: contestant.title,
            ...store,
          });
          if (round >= 0) costs.get(contestant)!.push(cost);
          await redis.flushall();
        }
      }
      for (const child of processes.values()) child.kill();
      const all = [...costs.values()];
      const [plain, same, library, sameValidated, libraryValidated] = all as [Cost[], Cost[], Cost[], Cost[], Cost[]];
      table.push([
        measure,
        ...all.map((one) => Math.round(1e6 / medianOf(one, 'wall')).toLocaleString('en')),
        ratio(library, same),
        ratio(libraryValidated, sameValidated),
        ratio(library, plain),
      ]);
      console.log(`${measure}, for each task:`);
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

/** Each contestant has a process of its own: what one of them switches on in Node costs the others nothing. */
function start(): ChildProcess {
  return fork(join(import.meta.dirname, 'child.js'));
}

async function ask(child: ChildProcess, job: Job): Promise<Cost> {
  const answered = once(child, 'message') as Promise<[Answer]>;
  const ended = once(child, 'exit').then(() => {
    throw new Error(`The process of ${job.contestant} ended.`);
  });
  child.send(job);
  const [answer] = await Promise.race([answered, ended]);
  if ('error' in answer) throw new Error(`${job.contestant}: ${answer.error}`);
  return answer.cost;
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
