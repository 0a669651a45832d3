import type { RedisUse } from './redis-use.js';
import type { Side, SideOptions } from './side.js';

export interface Measure {
  readonly name: string;
  /** Tasks in one measurement. */
  readonly count: number;
  readonly concurrency: number;
  /** What goes before, and is not measured. */
  before(side: Side): Promise<void>;
  measured(side: Side, allRan: Promise<void>): Promise<void>;
}

const BULK = 1_000;

export function measures(scale: number): Measure[] {
  const size = (count: number): number => Math.max(BULK, Math.round((count * scale) / BULK) * BULK);
  return [
    enqueue('one after the other', size(6_000), (side, count) => inParallel(count, 1, (index) => side.enqueue(index))),
    enqueue('100 at a time', size(30_000), (side, count) => inParallel(count, 100, (index) => side.enqueue(index))),
    enqueue('1,000 a call', size(60_000), fill),
    drain(10, size(30_000)),
    drain(100, size(30_000)),
  ];
}

function enqueue(how: string, count: number, work: (side: Side, count: number) => Promise<void>): Measure {
  return {
    name: `enqueue, ${how}`,
    count,
    concurrency: 0,
    before: async () => undefined,
    measured: (side) => work(side, count),
  };
}

function drain(concurrency: number, count: number): Measure {
  return {
    name: `drain, ${concurrency} at a time`,
    count,
    concurrency,
    before: async (side) => {
      await side.pause();
      await fill(side, count);
    },
    measured: async (side, allRan) => {
      await side.resume();
      await allRan;
    },
  };
}

async function fill(side: Side, count: number): Promise<void> {
  for (let start = 0; start < count; start += BULK) {
    await side.enqueueMany(Array.from({ length: BULK }, (_, offset) => start + offset));
  }
}

/** Calls `work` with 0 to `count` - 1, `callers` of them at a time, each awaiting its call. */
async function inParallel(count: number, callers: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const call = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
}

/** What one measurement cost, for each task. */
export interface Cost {
  /** Microseconds by the wall. */
  readonly wall: number;
  /** Microseconds of this process's processor time. */
  readonly cpu: number;
  /** Microseconds of Redis's processor time. */
  readonly redisCpu: number;
  /** Commands that Redis ran, those within scripts among them. */
  readonly commands: number;
}

/** Carries out one measurement on a store of its own. @throws Error unless every task was stored and ran once */
export async function take(
  { name, count, concurrency, before, measured }: Measure,
  open: (options: SideOptions) => Promise<Side>,
  store: Pick<SideOptions, 'port' | 'prefix' | 'validated'>,
  redisUse: () => Promise<RedisUse>,
): Promise<Cost> {
  const runs = new Uint8Array(count);
  let ran = 0;
  let tellAllRan!: () => void;
  const allRan = new Promise<void>((resolve) => (tellAllRan = resolve));
  const onRun = (index: number): void => {
    runs[index]! += 1;
    if ((ran += 1) === count) tellAllRan();
  };
  const side = await open({ ...store, concurrency, onRun });
  try {
    await before(side);
    const redisBefore = await redisUse();
    const cpuBefore = process.cpuUsage();
    const began = performance.now();
    await measured(side, allRan);
    const wall = (performance.now() - began) * 1_000;
    const cpu = process.cpuUsage(cpuBefore);
    const redis = await redisUse();
    const stored = await side.count();
    if (stored !== count) throw new Error(`${name}: ${stored} of ${count} tasks are stored`);
    const expected = concurrency === 0 ? 0 : 1;
    const wrong = runs.findIndex((times) => times !== expected);
    if (wrong >= 0) throw new Error(`${name}: task ${wrong} ran ${runs[wrong]} times, not ${expected}`);
    return {
      wall: wall / count,
      cpu: (cpu.user + cpu.system) / count,
      redisCpu: (redis.cpu - redisBefore.cpu) / count,
      commands: (redis.commands - redisBefore.commands) / count,
    };
  } finally {
    await side.close();
  }
}
