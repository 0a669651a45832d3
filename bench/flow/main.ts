// What limits cost: npm run bench:flow; a share of the work: npm run bench:flow -- 0.1
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { formatTable } from '../report/table.js';
import { openEngine } from './engine.js';
import { type DrainReport, type DrainSetup, taskOf, type WorkerReport, type WorkerSetup } from './setup.js';

const SHARE = Number(process.argv[2] ?? 1);
const ROUNDS = 3;
const BATCH = 1_000;
const PROCESSES = 4;
const CONCURRENCY = 10;
/** A folder for temporary files may be in memory, where a commit costs nothing. */
const ON_DISK = 'data/bench';
const LIMIT = { max: 1_000, per: 1_000 };
/** At least this much of a rate limit is to be used by the processes together. */
const USED_TARGET = 0.99;
const KEYS = 1_000;
/** At least this much of a plain drain is to be left where each key runs one task at a time. */
const DRAIN_TARGET = 0.7;

const SECONDS = Math.max(3, Math.round(20 * SHARE));
const DRAINED = Math.max(2 * KEYS, Math.round(50_000 * SHARE));

/** Has processes work off `count` tasks of a new store; returns when handlers began, in order. */
async function run(count: number, processes: number, setup: Omit<WorkerSetup, 'file'>): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tasks-bench-flow-'));
  const file = join(folder, 'tasks.db');
  try {
    const engine = await openEngine(file, setup.flow);
    for (let made = 0; made < count; made += BATCH) {
      const length = Math.min(BATCH, count - made);
      await engine.enqueueing.enqueue(Array.from({ length }, () => taskOf(uuidv7())));
    }
    await engine.close();
    const workers = Array.from({ length: processes }, () =>
      fork(join(import.meta.dirname, 'worker.js'), [JSON.stringify({ ...setup, file })]),
    );
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    const reports = workers.map(async (worker) => ((await once(worker, 'message')) as [WorkerReport])[0]);
    for (const worker of workers) worker.send('go');
    return (await Promise.all(reports)).flatMap(({ starts }) => starts).toSorted((one, other) => one - other);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The part of the limit that was used, from its first span on to the last whole one; and most starts in any span. */
async function limited(): Promise<{ used: number; most: number }> {
  // More than the limit lets through, so that there is always a task.
  const count = LIMIT.max * (SECONDS + 3);
  const starts = await run(count, PROCESSES, {
    concurrency: CONCURRENCY,
    rateLimit: LIMIT,
    flow: null,
    idleMs: 5_000,
    forMs: SECONDS * 1_000 + 500,
  });
  const end = starts[0]! + SECONDS * 1_000;
  const used = starts.filter((at) => at < end).length / (SECONDS * LIMIT.max);
  let most = 0;
  for (let first = 0, last = 0; last < starts.length; last += 1) {
    while (starts[last]! - starts[first]! >= LIMIT.per) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return { used, most };
}

/** An app on a store of its own, which stays for all rounds. */
class Drain {
  private readonly folder = mkdtempSync(join(ON_DISK, 'flow-'));
  private readonly app: ChildProcess;

  constructor(keys: number | null) {
    const file = join(this.folder, 'tasks.db');
    const setup: DrainSetup = { file, concurrency: CONCURRENCY, keys, tasks: DRAINED };
    this.app = fork(join(import.meta.dirname, 'drain-worker.js'), [JSON.stringify(setup)]);
  }

  async ready(): Promise<void> {
    await once(this.app, 'message');
  }

  async round(): Promise<number> {
    const report = once(this.app, 'message') as Promise<[DrainReport]>;
    this.app.send('go');
    return (await report)[0].rate;
  }

  async end(): Promise<void> {
    const gone = once(this.app, 'exit');
    this.app.disconnect();
    await gone;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Tasks a second of a plain drain and of one by keys, in turns, so that what else the machine does meets both alike. */
async function drained(): Promise<{ plain: number[]; keyed: number[] }> {
  mkdirSync(ON_DISK, { recursive: true });
  const [plainly, byKeys] = [new Drain(null), new Drain(KEYS)];
  await Promise.all([plainly.ready(), byKeys.ready()]);
  const plain: number[] = [];
  const keyed: number[] = [];
  try {
    // The first one warms up.
    for (let round = 0; round <= ROUNDS; round += 1) {
      plain.push(await plainly.round());
      keyed.push(await byKeys.round());
    }
  } finally {
    await plainly.end();
    await byKeys.end();
  }
  return { plain: plain.slice(1), keyed: keyed.slice(1) };
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

async function main(): Promise<void> {
  const load = loadavg()[0]!.toFixed(1);
  const used: number[] = [];
  const most: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const found = await limited();
    used.push(found.used);
    most.push(found.most);
  }
  const { plain, keyed } = await drained();
  const ratios = keyed.map((rate, round) => rate / plain[round]!);
  const verdict = (value: number, target: number): string =>
    `${value.toFixed(2)} (target ${target}: ${value >= target ? 'met' : 'missed'})`;
  console.log(`median of ${ROUNDS} rounds; load before ${load}, after ${loadavg()[0]!.toFixed(1)}\n`);
  console.log(
    formatTable(
      ['what', 'figure', 'ratio'],
      [
        [
          `limit of ${LIMIT.max}/s, ${PROCESSES} processes, ${SECONDS} s`,
          `at most ${Math.max(...most)} starts in any second`,
          `${verdict(median(used), USED_TARGET)} of the limit used`,
        ],
        [`plain drain of ${DRAINED} tasks`, `${Math.round(median(plain))} tasks/s`, '1'],
        [
          `the same with ${KEYS} keys, one at a time of each`,
          `${Math.round(median(keyed))} tasks/s`,
          `${verdict(median(ratios), DRAIN_TARGET)} of the plain drain`,
        ],
      ],
    ),
  );
}

await main();
