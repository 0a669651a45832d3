// Durable steps and workflows beside DBOS on PostgreSQL and BullMQ's flows on Redis, the same work in one run:
//
//     npm run bench:workflows [-- --sequences 1000 --width 1000 --rounds 5]
//
// In turns, each in a process of its own, on a store of its own that is empty.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { PostgresServer } from '../../test/support/servers/postgres-server.js';
import { RedisServer } from '../../test/support/servers/redis-server.js';
import { installPeers } from '../peers/install.js';
import { describeMachine } from '../report/machine.js';
import { type Series, seriesOf } from '../report/series.js';
import { formatTable } from '../report/table.js';
import { DATA } from '../store/stores.js';
import type { Job, Kind, Took } from './child.js';
import { AT_ONCE, STEPS } from './contestant.js';

const { values } = parseArgs({
  options: {
    sequences: { type: 'string', default: '1000' },
    width: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
  },
});
const sequences = Number(values.sequences);
const width = Number(values.width);

interface Runner {
  readonly title: string;
  readonly durability: string;
  readonly kind: Kind;
  /** The address of an empty store. */
  store(): Promise<string>;
  readonly took: Took[];
}

async function main(): Promise<void> {
  installPeers();
  mkdirSync(DATA, { recursive: true });
  const folder = mkdtempSync(join(DATA, 'workflows-'));
  const machine = describeMachine(DATA, []);
  const postgres = await PostgresServer.start();
  const [everysec, always] = await Promise.all([RedisServer.start(), RedisServer.start({ appendfsync: 'always' })]);
  let files = 0;
  const file = async (): Promise<string> => join(folder, `${(files += 1)}.db`);
  const runners: Runner[] = [
    { title: 'durable steps', durability: 'SQLite, `synchronous=FULL`', kind: 'steps', store: file, took: [] },
    { title: 'workflows', durability: 'SQLite, `synchronous=FULL`', kind: 'workflows', store: file, took: [] },
    {
      title: 'DBOS',
      durability: 'PostgreSQL, `fsync` and `synchronous_commit` on',
      kind: 'dbos',
      store: () => postgres.createDatabase(),
      took: [],
    },
    {
      title: "BullMQ's flows",
      durability: 'Redis, `appendfsync always`',
      kind: 'bullmq',
      store: () => emptied(always),
      took: [],
    },
    {
      title: "BullMQ's flows",
      durability: 'Redis, `appendfsync everysec`: a crash may take the last second',
      kind: 'bullmq',
      store: () => emptied(everysec),
      took: [],
    },
  ];
  try {
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const runner of round % 2 ? runners.toReversed() : runners) {
        const took = await run({ kind: runner.kind, store: await runner.store(), sequences, width });
        runner.took.push(took);
        console.error(`${runner.title}: ${took.sequences.toFixed(0)}/s, ${took.fanMs.toFixed(0)} ms`);
      }
    }
  } finally {
    await Promise.all([postgres.remove(), everysec.remove(), always.remove()]);
    rmSync(folder, { recursive: true, force: true });
  }
  report(runners);
  console.log(`${machine.join('; ')}; after it ${loadavg()[0]!.toFixed(1)}`);
}

async function emptied({ port, url }: RedisServer): Promise<string> {
  const client = new Redis({ port, host: '127.0.0.1' });
  await client.flushall();
  client.disconnect();
  return url;
}

async function run(job: Job): Promise<Took> {
  const child = fork(join(import.meta.dirname, 'child.js'));
  child.send(job);
  const [took] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`The process of ${job.kind} exited with ${code}`);
    }),
  ])) as [Took];
  return took;
}

function report(runners: readonly Runner[]): void {
  const figure = ({ median, least, most }: Series): string =>
    `${median.toFixed(0)} (${least.toFixed(0)}–${most.toFixed(0)})`;
  const rates = runners.map(({ took }) => seriesOf(took.map((each) => each.sequences)));
  const fans = runners.map(({ took }) => seriesOf(took.map(({ fanMs }) => fanMs)));
  const dbos = runners.findIndex(({ kind }) => kind === 'dbos');
  console.log(
    formatTable(
      [
        '',
        'store',
        `workflows of ${STEPS}/s, ${AT_ONCE} at once`,
        'to DBOS',
        `${width} and 1 that waits, ms`,
        'to DBOS',
      ],
      runners.map(({ title, durability }, index) => [
        title,
        durability,
        figure(rates[index]!),
        (rates[index]!.median / rates[dbos]!.median).toFixed(1),
        figure(fans[index]!),
        (fans[dbos]!.median / fans[index]!.median).toFixed(1),
      ]),
    ),
  );
}

void main();
