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
import { median, seriesOf } from '../report/series.js';
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
    for (const { name } of measures(scale)) {
      if (!name.includes(values.only)) continue;
      const costs = await measure({ measure: name, scale, port: server.port }, redis);
      table.push(rowOf(name, [...costs.values()]));
      report(name, costs);
    }
  } finally {
    redis.disconnect();
    await server.remove();
  }
  const headings = ['tasks/s', ...CONTESTANTS.map(({ title }) => title), 'ratio', 'ratio, validated', 'ratio to plain'];
  console.log(`\n${formatTable(headings, table)}`);
}

/** Each contestant has a process of its own: what one of them switches on in Node costs the others nothing. */
async function measure(
  common: Pick<Job, 'measure' | 'scale' | 'port'>,
  redis: Redis,
): Promise<Map<Contestant, readonly Cost[]>> {
  const costs = new Map<Contestant, Cost[]>(CONTESTANTS.map((contestant) => [contestant, []]));
  const start = (): ChildProcess => fork(join(import.meta.dirname, 'child.js'));
  const processes = new Map(CONTESTANTS.map((contestant) => [contestant, start()]));
  try {
    for (let round = -WARM_UP; round < Number(values.rounds); round += 1) {
      for (const contestant of round % 2 === 0 ? CONTESTANTS : CONTESTANTS.toReversed()) {
        const job = { ...common, contestant: contestant.title, prefix: `round${round}` };
        const cost = await ask(processes.get(contestant)!, job);
        if (round >= 0) costs.get(contestant)!.push(cost);
        await redis.flushall();
      }
    }
  } finally {
    for (const child of processes.values()) child.kill();
  }
  return costs;
}

async function ask(child: ChildProcess, job: Job): Promise<Cost> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error(`The process of ${job.contestant} ended.`);
  });
  child.send(job);
  try {
    const [answer] = (await Promise.race([once(child, 'message', { signal }), ended])) as [Answer];
    if ('error' in answer) throw new Error(`${job.contestant}: ${answer.error}`);
    return answer.cost;
  } finally {
    over.abort();
  }
}

/** @param all of each contestant, in their order */
function rowOf(name: string, all: ReadonlyArray<readonly Cost[]>): string[] {
  const [plain, same, library, sameValidated, libraryValidated] = all;
  return [
    name,
    ...all.map((costs) => Math.round(1e6 / medianOf(costs, 'wall')).toLocaleString('en')),
    ratio(library!, same!),
    ratio(libraryValidated!, sameValidated!),
    ratio(library!, plain!),
  ];
}

function report(name: string, all: ReadonlyMap<Contestant, readonly Cost[]>): void {
  console.log(`${name}, for each task:`);
  for (const [{ title }, costs] of all) {
    const of = (what: keyof Cost): string => medianOf(costs, what).toFixed(1);
    console.log(
      `  ${title}: ${of('wall')} µs by the wall, processor ${of('cpu')} µs, Redis's ${of('redisCpu')} µs, commands ${of('commands')}`,
    );
  }
}

/** Median, least and most of the rounds: how fast we are beside them. */
function ratio(ours: readonly Cost[], theirs: readonly Cost[]): string {
  const ratios = seriesOf(ours.map(({ wall }, round) => theirs[round]!.wall / wall));
  return `${ratios.median.toFixed(2)} (${ratios.least.toFixed(2)} to ${ratios.most.toFixed(2)})`;
}

function medianOf(costs: readonly Cost[], what: keyof Cost): number {
  return median(costs.map((cost) => cost[what]));
}

await main();
