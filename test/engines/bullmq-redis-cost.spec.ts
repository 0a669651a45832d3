import { afterAll, beforeAll, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import { SystemClock } from '../../lib/clock/index.js';
import { bullmqEngine } from '../../lib/engine/bullmq/index.js';
import type { TaskEngine } from '../../lib/engine/port/index.js';
import { completed, contextWith, failed, newTask, signal } from '../conformance/harness.js';
import { describeWith } from '../support/servers/find-program.js';
import { RedisServer } from '../support/servers/redis-server.js';

const WAITING = 10_000;
/** In each other state. */
const SOME = 300;
/** What one command may go through, at most: jobs, or rows of one job's log. Redis does nothing else meanwhile. */
const MAX_AT_ONCE = 5_000;
/** Jobs that one page may look at, at most, where its filter finds few. */
const MAX_LOOKED_AT = 1_000;
/** It ends with the list's next so many. */
const CHUNK = 100;

/** Those that take the longer the more there is in all of Redis, or in a key. */
const UNBOUNDED = [
  'keys',
  'sort',
  'sort_ro',
  'smembers',
  'sscan',
  'hscan',
  'zscan',
  'scan',
  'hkeys',
  'hvals',
  'sinter',
];
/** Those of a range, and where in it stand its ends. */
const RANGES = ['lrange', 'zrange', 'zrevrange'];

describeWith('redis', 'what the panel reads of a Redis with ten thousand tasks', () => {
  let server: RedisServer;
  let watcher: Redis;
  let asking: Redis;
  let seen: string[][] = [];
  const clock = new SystemClock();
  const opened: TaskEngine[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
    asking = new Redis(server.port, server.host);
    watcher = await asking.monitor();
    // Whoever sent it: what a script runs is told of as well.
    watcher.on('monitor', (_at: string, command: string[]) => seen.push(command));
  });

  afterAll(async () => {
    for (const engine of opened) await engine.close();
    watcher.disconnect();
    asking.disconnect();
    await server.remove();
  });

  /** The commands that Redis ran for `read`. */
  async function commandsOf(read: () => Promise<unknown>): Promise<string[][]> {
    await told();
    seen = [];
    await read();
    await told();
    return seen.map(([name, ...args]) => [name!.toLowerCase(), ...args]);
  }

  /** Settles when Redis has told of everything before. */
  async function told(): Promise<void> {
    const mark = `mark-${Math.random()}`;
    await asking.echo(mark);
    while (!seen.some(([, text]) => text === mark)) await new Promise((resolve) => watcher.once('monitor', resolve));
  }

  async function open(): Promise<TaskEngine> {
    const connection = { host: server.host, port: server.port };
    const options = { connection, lease: 30_000, maxLostAttempts: 5, queues: [] };
    const engine = bullmqEngine(options, contextWith(clock));
    await engine.open();
    opened.push(engine);
    return engine;
  }

  async function fill(): Promise<void> {
    const engine = await open();
    const ofQueue = (queue: string, count: number, runAt = clock.now()) =>
      Array.from({ length: count }, () => newTask(clock, { queue, runAt }));
    for (let stored = 0; stored < WAITING; stored += 1_000) await engine.enqueueing.enqueue(ofQueue('waiting', 1_000));
    await engine.enqueueing.enqueue(ofQueue('waiting', SOME, clock.now() + 3_600_000));
    const cancelled = ofQueue('waiting', SOME);
    await engine.enqueueing.enqueue(cancelled);
    await engine.acting.act('cancel', { ids: cancelled.map(({ id }) => id) });
    await engine.enqueueing.enqueue(ofQueue('ended', 2 * SOME));
    const allRan = signal();
    let runs = 0;
    const consumer = await engine.delivering.consume(
      'ended',
      { concurrency: 20, priority: 0, rateLimit: null },
      async () => {
        runs += 1;
        if (runs === 2 * SOME) allRan.resolve();
        return runs % 2 === 0 ? completed : failed();
      },
    );
    await allRan.promise;
    await consumer.close(60_000);
  }

  it('takes bounded commands only, and no more of them than a page looks at', async () => {
    await fill();
    const engine = await open();
    const [first] = (await engine.inspecting.list({}, { limit: 1 })).items;
    const minutes = { from: clock.now() - 3_600_000, to: clock.now() };
    const reads: Record<string, () => Promise<unknown>> = {
      'a task': () => engine.inspecting.get(first!.id),
      'a task that there is not': () => engine.inspecting.get('nobody'),
      'the first page': () => engine.inspecting.list({}, { limit: 50 }),
      'a page of a state': () => engine.inspecting.list({ state: 'available' }, { limit: 50 }),
      'a page by name': () => engine.inspecting.list({ name: 'no-such' }, { limit: 50 }),
      'a search that finds nothing': () => engine.inspecting.list({ search: 'no such text' }, { limit: 50 }),
      counts: () => engine.inspecting.queues(),
      metrics: () => engine.inspecting.metrics(minutes),
      workers: () => engine.inspecting.workers(),
      schedules: () => engine.scheduling.all(),
    };
    for (const [what, read] of Object.entries(reads)) {
      const commands = await commandsOf(read);
      expect(commands.length, what).toBeGreaterThan(0);
      for (const [name, ...args] of commands) {
        expect(UNBOUNDED, what).not.toContain(name);
        if (!RANGES.includes(name!)) continue;
        const [from, to] = args.slice(1, 3).map(Number);
        // From the end on, both are negative.
        const isBounded = from! >= 0 === to! >= 0 && to! - from! < MAX_AT_ONCE;
        expect(isBounded, `${what}: ${name} ${args.join(' ')}`).toBe(true);
      }
      // BullMQ reads each job of a list twice.
      const jobsRead = commands.filter(([name]) => name === 'hgetall').length / 2;
      expect(jobsRead, what).toBeLessThanOrEqual(MAX_LOOKED_AT + CHUNK);
    }
  }, 180_000);
});
