import Database from 'better-sqlite3';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { cli } from '../backup/support/cli.js';
import { until } from '../support/until.js';
import { wrongEffects } from './support/effects.js';
import { overlaps } from './support/ledger.js';
import { Random } from './support/random.js';
import { Stage, useWorker } from './support/stage.js';
import type { WorkerProcess } from './support/worker-process.js';
import { KILL_POINT_VARIABLE, KILL_POINTS, type KillPoint } from './worker/kill-point.js';
import { ORDER_STEPS } from './worker/orders.js';

const PROCESSES = 2;
/** Thousands where a run is to be thorough; as many at each point. */
const KILLS = Number(process.env['STEP_KILLS'] ?? KILL_POINTS.length);
const OPEN_ORDERS = 20;
const KEYS = ['a', 'b', 'c', 'd'];
/** Of its point, that a process passes before it ends there; of commits there are many more. */
const MOST_PASSINGS = { effect: 20, return: 20, before: 50, after: 50 };
/** Between two looks at which processes are gone, and which orders wait for their word. */
const PAUSE_MS = 100;
const SEED = Number(process.env['KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

const OPEN = `SELECT count(*) AS count FROM tasks_task WHERE name = 'order' AND state <> 'completed'`;
const WAITING_FOR_WORD = `
  SELECT id FROM tasks_task
   WHERE state = 'suspended' AND json_extract(traits, '$.waitingFor.waits[0].name') = 'approved'`;
/** Calls of orders whose tasks did not end, or ended before they were called. */
const OTHER_CALLS = `
  SELECT task.id FROM tasks_task AS task
   WHERE task.name = 'order'
     AND (SELECT count(*) FROM tasks_task AS called
           WHERE called.parent_id = task.id AND called.name = 'double' AND called.state = 'completed') <> 1`;
const LEFT = `
  SELECT 'signal' AS what, task FROM tasks_signal
   UNION ALL SELECT 'open step', task FROM tasks_step WHERE finished_at IS NULL
   UNION ALL SELECT 'wake', task FROM tasks_lapse WHERE task IN (SELECT seq FROM tasks_task WHERE state = 'suspended')`;

describe(`the steps of workers that are killed (KILL_SEED=${SEED})`, () => {
  const random = new Random(SEED);
  const worker = useWorker('orders-main');
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
    const { id } = await tasks.queue<string>('work', 'order', {}, { key: random.pick(KEYS) });
    const isEarly = random.next() < 0.5;
    signalled.set(id, isEarly);
    if (isEarly) await tasks.signal(id, 'approved', 'yes');
  }

  async function sendWords(): Promise<void> {
    for (const { id } of stage.query<{ id: string }>(WAITING_FOR_WORD)) {
      if (signalled.get(id)) continue;
      signalled.set(id, true);
      await tasks.signal(id, 'approved', 'yes');
    }
  }

  const open = (): number => stage.query<{ count: number }>(OPEN)[0]!.count;

  it(
    `had every effect, under one key, those of transactions once: ${KILLS} kills`,
    { timeout: 300_000 + KILLS * 60_000 },
    async () => {
      stage = new Stage(worker.file, { maxLostAttempts: 1_000, queues: { work: { key: { concurrency: 2 } } } });
      tasks = await stage.startApp();
      createBookings(stage.databaseFile);
      const working = Array.from({ length: PROCESSES }, () => startWorker());
      for (let killed = 0; killed < KILLS;) {
        for (let count = open(); count < OPEN_ORDERS; count += 1) await enqueue();
        await sendWords();
        for (const [index, one] of working.entries()) {
          if (!one.hasEnded) continue;
          // Nothing but its own signal ended it.
          expect(await one.shutDown(), one.output).toBe('SIGKILL');
          killed += 1;
          if (killed % 100 === 0) console.log(`${killed} kills, ${signalled.size} orders`);
          working[index] = startWorker(killed < KILLS);
        }
        await sleep(PAUSE_MS);
      }
      for (const one of working) await one.kill();
      for (let count = 0; count < PROCESSES; count += 1) startWorker(false);
      await until(
        () => `the end of all orders: ${JSON.stringify(stage.rowsByState())}`,
        async () => {
          await sendWords();
          return open() === 0;
        },
        { patience: 250_000 },
      );

      const orders = [...signalled.keys()].toSorted();
      expect(stage.rowsByState()).toEqual({ completed: 2 * orders.length });
      expect(stage.query(OTHER_CALLS)).toEqual([]);
      expect(stage.query(LEFT)).toEqual([]);
      expect(wrongEffects(stage.ledger, orders)).toEqual([]);
      expect(wrongBookings(stage, orders)).toEqual([]);
      expect(wrongSteps(stage, orders)).toEqual([]);
      expect(wrongAttempts(stage)).toEqual([]);
      expect(overlaps(stage.ledger.read())).toEqual([]);
      expect(await cli('check', '--database', stage.databaseFile)).toMatchObject({ code: 0, err: '' });
      expect(stage.faults()).toEqual([]);
      const lost = stage.query<{ count: number }>(`SELECT count(*) AS count FROM tasks_attempt WHERE outcome = 'lost'`);
      expect(lost[0]!.count).toBeGreaterThan(0);
    },
  );
});

function createBookings(file: string): void {
  const database = new Database(file);
  database.exec('CREATE TABLE booking (task TEXT, step TEXT, note TEXT)');
  database.close();
}

/** Transactions of orders that were not done exactly once, or with what another attempt had given. */
function wrongBookings(stage: Stage, orders: readonly string[]): string[] {
  const rows = stage.query<{ task: string; step: string; note: string }>(
    'SELECT task, step, note FROM booking ORDER BY task, step',
  );
  const charges = stage.query<{ id: string; result: string }>(
    `SELECT id, result FROM tasks_step JOIN tasks_task ON seq = task WHERE tasks_step.name = 'charge'`,
  );
  const charged = new Map(charges.map(({ id, result }) => [id, JSON.parse(result) as string]));
  const expected = orders.flatMap((id) => [`${id} book ${charged.get(id)}`, `${id} close yesyes`]);
  const found = rows.map(({ task, step, note }) => `${task} ${step} ${note}`);
  return [
    ...found.filter((row, index) => row !== expected[index]),
    ...expected.filter((row, index) => row !== found[index]),
  ];
}

/** Orders whose records are not those of their steps, each once and in turn. */
function wrongSteps(stage: Stage, orders: readonly string[]): string[] {
  const rows = stage.query<{ id: string; name: string }>(
    'SELECT id, tasks_step.name FROM tasks_step JOIN tasks_task ON seq = task ORDER BY id, position',
  );
  const names = new Map<string, string[]>();
  for (const { id, name } of rows) names.set(id, [...(names.get(id) ?? []), name]);
  return orders.filter((id) => names.get(id)?.join() !== ORDER_STEPS.join());
}

/** Tasks with holes between their attempts, or that ended more than once. */
function wrongAttempts(stage: Stage): string[] {
  const wrong: string[] = [];
  for (const [id, attempts] of stage.attemptsByTask()) {
    const outcomes = attempts.map(({ outcome }) => outcome);
    const isNumbered = attempts.every(({ attempt }, index) => attempt === index + 1);
    const ends = outcomes.filter((outcome) => outcome !== 'lost' && outcome !== 'snoozed');
    if (!isNumbered || ends.join() !== 'completed') wrong.push(`${id}: ${outcomes.join()}`);
  }
  return wrong;
}
