import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import type { Task } from '../../lib/contract/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { until } from '../support/until.js';
import { wrongEffects } from './support/effects.js';
import { overlaps } from './support/ledger.js';
import { Random } from './support/random.js';
import { Stage, useWorker } from './support/stage.js';
import type { WorkerProcess } from './support/worker-process.js';
import { KILL_POINT_VARIABLE, KILL_POINTS, type KillPoint } from './worker/kill-point.js';
import { PLAIN_ORDER_STEPS } from './worker/orders.js';

const PROCESSES = 2;
/** Hundreds where a run is to be thorough. */
const KILLS = Number(process.env['STEP_KILLS'] ?? 3);
const OPEN_ORDERS = 10;
/** Of its point, that a process passes before it ends there; of scripts there are many more. */
const MOST_PASSINGS = { effect: 6, return: 6, before: 60, after: 60 };
/** Between two looks at which processes are gone, and which orders wait for their word. */
const PAUSE_MS = 100;
const SEED = Number(process.env['KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

describeWith('redis', `the steps of BullMQ's workers that are killed (KILL_SEED=${SEED})`, () => {
  const random = new Random(SEED);
  const worker = useWorker('redis-orders-main');
  let stage: Stage;
  let tasks: TaskDispatcher;
  let started = 0;
  /** Of the orders, those that were sent their signal. */
  const signalled = new Map<string, boolean>();

  afterEach(() => stage.remove());

  function startWorker(isToEnd = true): WorkerProcess {
    const at = KILL_POINTS[started++ % KILL_POINTS.length]!;
    const point: KillPoint = { at, passing: random.between(0, MOST_PASSINGS[at]) };
    return stage.startWorker({}, isToEnd ? { env: { [KILL_POINT_VARIABLE]: JSON.stringify(point) } } : {});
  }

  async function enqueue(): Promise<void> {
    const { id } = await tasks.queue<string>('work', 'order', {});
    const isEarly = random.next() < 0.5;
    signalled.set(id, isEarly);
    if (isEarly) await tasks.signal(id, 'approved', 'yes');
  }

  async function read(): Promise<Task[]> {
    return Promise.all([...signalled.keys()].map((id) => tasks.get(id)));
  }

  /** Sends the words that are waited for; resolves to how many orders have not completed. */
  async function open(): Promise<number> {
    const orders = await read();
    for (const { id, waitingFor } of orders) {
      if (signalled.get(id) || waitingFor?.waits[0]?.name !== 'approved') continue;
      signalled.set(id, true);
      await tasks.signal(id, 'approved', 'yes');
    }
    return orders.filter(({ state }) => state !== 'completed').length;
  }

  it(
    `had every effect, under one key, and are on record once: ${KILLS} kills`,
    { timeout: 300_000 + KILLS * 60_000 },
    async () => {
      const server = await SharedRedis.join();
      const bullmq = { connection: server.connection, prefix: server.createPrefix() };
      stage = new Stage(worker.file, {
        database: undefined as never,
        engine: { bullmq },
        lease: 1_000,
        maxLostAttempts: 1_000,
      });
      tasks = await stage.startApp();
      const working = Array.from({ length: PROCESSES }, () => startWorker());
      for (let killed = 0; killed < KILLS;) {
        for (let count = await open(); count < OPEN_ORDERS; count += 1) await enqueue();
        for (const [index, one] of working.entries()) {
          if (!one.hasEnded) continue;
          // Nothing but its own signal ended it.
          expect(await one.shutDown(), one.output).toBe('SIGKILL');
          killed += 1;
          working[index] = startWorker(killed < KILLS);
        }
        await sleep(PAUSE_MS);
      }
      for (const one of working) await one.kill();
      for (let count = 0; count < PROCESSES; count += 1) startWorker(false);
      await until('the end of all orders', async () => (await open()) === 0, { patience: 250_000 });

      const orders = await read();
      expect(wrongEffects(stage.ledger, [...signalled.keys()])).toEqual([]);
      for (const { id, attempts, children } of orders) {
        const { steps, signals } = await tasks.steps(id);
        expect(
          steps.map(({ name }) => name),
          id,
        ).toEqual(PLAIN_ORDER_STEPS);
        expect(steps.filter(({ finishedAt }) => finishedAt === null)).toEqual([]);
        expect(signals).toEqual([]);
        expect(children.map(({ state }) => state)).toEqual(['completed']);
        const outcomes = attempts.map(({ outcome }) => outcome);
        expect(outcomes.filter((outcome) => outcome !== 'lost' && outcome !== 'snoozed')).toEqual(['completed']);
      }
      expect(overlaps(stage.ledger.read())).toEqual([]);
    },
  );
});
