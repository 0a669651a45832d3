import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { now, sleep } from '../clock.js';
import type { Contestant } from '../contestant.js';
import { contestantOf } from '../contestants/index.js';
import { Workload, type WorkloadOptions } from '../workload.js';
import { loadRoute, type LoadOptions } from './http-load.js';

/** How often the progress of a drain is looked at, in milliseconds. */
const LOOK_EVERY_MS = 5;
/** How often the store is asked before that, so that a contestant that has stopped is noticed. */
const ASK_EVERY_MS = 500;

export interface Drained {
  readonly firstAt: number;
  /** When all were seen to have durably ended. */
  readonly endedAt: number;
}

/** What this process and its app's thread were at. */
export interface Spent {
  /** Processor time of all threads, in microseconds. */
  readonly cpu: number;
  /** Share of the time for which the event loop of the app's thread was busy, from 0 to 1. */
  readonly busy: number;
}

export interface PickedUp {
  /** Milliseconds from the call that enqueues to the start of the handler, by task. */
  readonly fromCall: number[];
  /** From the moment at which that call resolved; 0 where the task had begun by then. */
  readonly fromCommit: number[];
}

/** What the process of a contestant can be asked to do. Each method is called over IPC; times are those of {@link now}. */
export class Session {
  private opened: Contestant | null = null;
  private current: Workload | null = null;
  private server: Server | null = null;
  private delays: IntervalHistogram | null = null;
  private spentBefore = { cpu: process.cpuUsage(), loop: performance.eventLoopUtilization() };

  /** @param connect false: leave connecting to whatever is called next */
  async open(contestant: string, store: string, connect = true): Promise<void> {
    const Constructor = await contestantOf(contestant).load();
    this.opened = new Constructor(store);
    if (connect) await this.opened.left();
  }

  /** Resolves to how many milliseconds it took. */
  async enqueue(from: number, count: number, callers: number): Promise<number> {
    const { contestant } = this;
    const together = contestant.enqueueTogether?.bind(contestant);
    const began = performance.now();
    if (together && callers > 1) {
      for (let start = 0; start < count; start += callers) {
        await together(from + start, Math.min(callers, count - start));
      }
    } else await inParallel(from, count, callers, (index) => contestant.enqueue(index));
    return performance.now() - began;
  }

  async enqueueMany(from: number, count: number, size = 1_000): Promise<number> {
    const { contestant } = this;
    const began = performance.now();
    for (let start = 0; start < count; start += size) {
      await contestant.enqueueMany(from + start, Math.min(size, count - start));
    }
    return performance.now() - began;
  }

  async enqueueWithin(from: number, count: number): Promise<number> {
    const { contestant } = this;
    if (!contestant.enqueueWithin) throw new Error('it cannot take part in a transaction of the app');
    const began = performance.now();
    for (let index = from; index < from + count; index += 1) await contestant.enqueueWithin(index);
    return performance.now() - began;
  }

  async enqueueManyAt(from: number, count: number, at: number): Promise<void> {
    const { contestant } = this;
    if (!contestant.enqueueManyAt) throw new Error('it cannot delay tasks');
    for (let start = 0; start < count; start += 1_000) {
      await contestant.enqueueManyAt(from + start, Math.min(1_000, count - start), at);
    }
  }

  /** Enqueues one after the other with pauses, and resolves to when each was durable. */
  async enqueueSpaced(from: number, count: number, pause: number): Promise<number[]> {
    const times: number[] = [];
    for (let index = from; index < from + count; index += 1) {
      await sleep(pause * (0.5 + Math.random()));
      await this.contestant.enqueue(index);
      times.push(now());
    }
    return times;
  }

  async prepare(concurrency: number, options: WorkloadOptions): Promise<void> {
    this.current = new Workload(options);
    await this.contestant.prepare?.(concurrency, this.current);
  }

  async start(concurrency: number, options?: WorkloadOptions): Promise<void> {
    if (options) this.current = new Workload(options);
    await this.contestant.start(concurrency, this.workload);
  }

  /** Enqueues one after the other, each when nothing else is to be done, for at most `seconds`. */
  async pickUp(count: number, pause: number, seconds: number): Promise<PickedUp> {
    const fromCall: number[] = [];
    const fromCommit: number[] = [];
    const deadline = now() + seconds * 1_000;
    for (let index = 0; index < count && now() < deadline; index += 1) {
      await sleep(pause * (0.5 + Math.random()));
      const called = now();
      await this.contestant.enqueue(index);
      const committed = now();
      const began = await within(seconds, this.workload.began(index), async () => {
        // One that has stopped says why.
        await this.contestant.left();
        return `a task had not begun after ${seconds} s`;
      });
      fromCall.push(began - called);
      fromCommit.push(Math.max(0, began - committed));
    }
    return { fromCall, fromCommit };
  }

  /** Resolves when `count` tasks have run and nothing is left. */
  async drained(count: number, seconds: number): Promise<Drained> {
    const { contestant, workload } = this;
    const deadline = now() + seconds * 1_000;
    for (let asked = now(); ;) {
      const all = workload.count >= count;
      if (all || now() - asked > ASK_EVERY_MS) {
        asked = now();
        if ((await contestant.left()) === 0 && all) break;
      }
      if (now() > deadline) throw new Error(`${workload.count} of ${count} tasks had run after ${seconds} s`);
      await sleep(LOOK_EVERY_MS);
    }
    const endedAt = now();
    this.expectOnce(0, count);
    return { firstAt: workload.firstAt, endedAt };
  }

  /** Resolves to the time at which task number `count` of this process began. */
  async reached(count: number, seconds: number): Promise<number> {
    const { workload } = this;
    const late = async (): Promise<string> => `${workload.count} of ${count} tasks had begun after ${seconds} s`;
    return within(seconds, workload.reached(count), late);
  }

  /** How far this process is, at the time of the answer. */
  async tally(): Promise<{ at: number; count: number; firstAt: number; longestGap: number }> {
    const { count, firstAt, longestGap } = this.current ?? { count: 0, firstAt: 0, longestGap: 0 };
    return { at: now(), count, firstAt, longestGap };
  }

  /** How often each index below `length` ran in this process. */
  async counts(length: number): Promise<Uint8Array> {
    const counts = new Uint8Array(length);
    counts.set(this.workload.counts.subarray(0, length));
    return counts;
  }

  async times(): Promise<ReadonlyMap<number, number>> {
    return this.workload.times;
  }

  /** How long after `at`, in milliseconds since 1970, each task began. */
  async lateness(at: number): Promise<number[]> {
    const offset = Date.now() - now();
    return [...this.workload.times.values()].map((time) => time + offset - at);
  }

  async resetGap(): Promise<void> {
    this.workload.resetGap();
  }

  async left(): Promise<number> {
    return this.contestant.left();
  }

  async expectLeft(count: number): Promise<void> {
    const left = await this.contestant.left();
    if (left !== count) throw new Error(`${left} tasks are stored, and ${count} should be`);
  }

  /** Most memory of this process that is resident, by several looks within `seconds`, in MB. */
  async memory(seconds: number): Promise<number> {
    const looks: number[] = [];
    const deadline = now() + seconds * 1_000;
    do {
      looks.push(process.memoryUsage.rss());
      await sleep(50);
    } while (now() < deadline);
    return Math.max(...looks) / 2 ** 20;
  }

  async collectGarbage(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      (globalThis as { gc?: () => void }).gc?.();
      await sleep(50);
    }
  }

  /** An HTTP route in the process of the contestant; resolves to its port. */
  async serve(): Promise<number> {
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end('{"ok":true}');
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  /** Requests, from this process, of the route of another; resolves to their latencies. */
  async load(options: LoadOptions): Promise<number[]> {
    return loadRoute(options);
  }

  async watchLoop(): Promise<void> {
    this.delays = monitorEventLoopDelay({ resolution: 1 });
    this.delays.enable();
  }

  /** How late the event loop was since {@link watchLoop}, in milliseconds. */
  async loopDelay(): Promise<{ p50: number; p99: number; max: number }> {
    const delays = this.delays!;
    delays.disable();
    return { p50: delays.percentile(50) / 1e6, p99: delays.percentile(99) / 1e6, max: delays.max / 1e6 };
  }

  async watchSpending(): Promise<void> {
    this.spentBefore = { cpu: process.cpuUsage(), loop: performance.eventLoopUtilization() };
  }

  /** Since {@link watchSpending}. */
  async spent(): Promise<Spent> {
    const { cpu, loop } = this.spentBefore;
    const { user, system } = process.cpuUsage(cpu);
    return { cpu: user + system, busy: performance.eventLoopUtilization(loop).utilization };
  }

  /** Throws unless this process ran each index of the range once, and none else. */
  async expectRanOnce(from: number, count: number): Promise<void> {
    this.expectOnce(from, count);
  }

  /** As {@link expectRanOnce}, where it is not known which tasks have run. */
  async expectNoneTwice(): Promise<void> {
    const { counts, count } = this.workload;
    const distinct = counts.reduce((sum, runs) => sum + Number(runs > 0), 0);
    if (distinct !== count) throw new Error(`${distinct} tasks ran, and handlers were called ${count} times`);
  }

  /** What ran can still be asked for. */
  async close(): Promise<void> {
    this.current?.stop();
    this.server?.closeAllConnections();
    this.server?.close();
    const opened = this.opened;
    this.opened = null;
    await opened?.close();
  }

  private expectOnce(from: number, count: number): void {
    const { counts, count: runs } = this.workload;
    let once = 0;
    for (let index = from; index < from + count; index += 1) if (counts[index] === 1) once += 1;
    if (once !== count || runs !== count) {
      throw new Error(`${once} of ${count} tasks ran exactly once, and handlers were called ${runs} times`);
    }
  }

  private get contestant(): Contestant {
    if (!this.opened) throw new Error('No contestant is open');
    return this.opened;
  }

  private get workload(): Workload {
    if (!this.current) throw new Error('No work was begun');
    return this.current;
  }
}

/** What `promise` resolves to, or after so many seconds an error with what `late` resolves to. */
async function within<T>(seconds: number, promise: Promise<T>, late: () => Promise<string>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const rejected = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late().then((message) => reject(new Error(message)), reject);
    }, seconds * 1_000);
  });
  try {
    return await Promise.race([promise, rejected]);
  } finally {
    clearTimeout(timer);
  }
}

/** Calls `work` with each index, `callers` of them at a time, each awaiting its call. */
async function inParallel(
  from: number,
  count: number,
  callers: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = from;
  const call = async (): Promise<void> => {
    while (next < from + count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(callers, count) }, call));
}
