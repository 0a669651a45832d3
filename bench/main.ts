// npm run bench [-- <part of a name>...]   ROUNDS: how often each is measured, after one round to warm up (default 5)
import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Contestant } from './contestant.js';
import { Library } from './library.js';
import { describeMachine } from './machine.js';
import { RawSqlite } from './raw-sqlite.js';
import { seriesOf } from './measurement.js';
import { formatTable } from './table.js';

const ROUNDS = Number(process.env.ROUNDS ?? 5);

interface Benchmark {
  /** What is measured in one go. */
  readonly names: readonly string[];
  /** What {@link RawSqlite} does for it. */
  readonly beside: string;
  readonly unit: 'tasks/s' | 'ms';
  /** Resolves to a value for each of `names`. */
  run(contestant: Contestant): Promise<number[]>;
}

const BENCHMARKS: readonly Benchmark[] = [
  {
    names: ['queue(), one awaiting'],
    beside: '1 row a transaction',
    unit: 'tasks/s',
    run: async (contestant) => [await contestant.enqueue(2_000, 1)],
  },
  {
    names: ['queue(), 100 awaiting'],
    beside: '100 rows a transaction',
    unit: 'tasks/s',
    run: async (contestant) => [await contestant.enqueue(20_000, 100)],
  },
  {
    names: ['queueMany(), 1,000 at once'],
    beside: '1,000 rows a transaction',
    unit: 'tasks/s',
    run: async (contestant) => [await contestant.enqueueMany(50_000, 1_000)],
  },
  {
    names: ['drain, 10 at once'],
    beside: 'claim + acknowledge 100 a transaction',
    unit: 'tasks/s',
    run: async (contestant) => [await contestant.drain(50_000)],
  },
  {
    names: ['pick-up when idle, p50', 'pick-up when idle, p95'],
    beside: 'insert, then claim',
    unit: 'ms',
    run: async (contestant) => {
      const { p50, p95 } = await contestant.pickUp(500);
      return [p50, p95];
    },
  },
];

/** Beside the compiled code, as that is on a real disk where a folder for temporary files may be in memory. */
const folder = mkdtempSync(join(import.meta.dirname, 'data-'));
let files = 0;

/** A row of the table for each of the benchmark's names. */
async function measure({ names, beside, unit, run }: Benchmark): Promise<string[][]> {
  const library: number[][] = [];
  const raw: number[][] = [];
  const contestants = [
    { make: (file: string) => new Library(file), results: library },
    { make: (file: string) => new RawSqlite(file), results: raw },
  ];
  for (let round = 0; round <= ROUNDS; round += 1) {
    // In turns, so that neither always has the machine as the other left it.
    for (const { make, results } of round % 2 === 0 ? contestants : contestants.toReversed()) {
      const file = join(folder, `${(files += 1)}.db`);
      const values = await run(make(file));
      if (round > 0) results.push(values);
    }
  }
  return names.map((name, index) => {
    const ours = seriesOf(library.map((values) => values[index]!));
    const theirs = seriesOf(raw.map((values) => values[index]!));
    return [
      name,
      ...[ours, theirs].flatMap(({ median, least, most }) => [
        `${shown(median, unit)} ${unit}`,
        `${shown(least, unit)} to ${shown(most, unit)}`,
      ]),
      (ours.median / theirs.median).toFixed(2),
      beside,
    ];
  });
}

function shown(value: number, unit: Benchmark['unit']): string {
  return unit === 'ms' ? value.toFixed(2) : Math.round(value).toLocaleString('en');
}

const wanted = process.argv.slice(2);
const chosen = BENCHMARKS.filter(
  ({ names }) => wanted.length === 0 || wanted.some((part) => names.some((name) => name.includes(part))),
);
try {
  const rows: string[][] = [];
  for (const benchmark of chosen) {
    process.stderr.write(`${benchmark.names[0]} …\n`);
    rows.push(...(await measure(benchmark)));
  }
  console.log(formatTable(['', 'library', 'spread', 'raw better-sqlite3', 'spread', 'ratio', 'raw does'], rows));
  console.log(`\n${describeMachine(folder).join('\n')}`);
  console.log(
    `synchronous=FULL, WAL; median and spread of ${ROUNDS} rounds after one to warm up, in turns, each on a new file`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
