import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { until } from '../support/until.js';
import { Random } from './support/random.js';
import { Stage, useWorker } from './support/stage.js';
import { KILL_POINT_VARIABLE, type KillPoint } from './worker/kill-point.js';

/** Of processes that fail attempts; a kill takes about a second of a core, which is the boot. */
const KILLS = Number(process.env.ON_FAILED_KILLS ?? 4);
const TASKS_PER_KILL = 40;
/** One in so many is killed from outside, at any moment; the others end themselves, before a commit or after it. */
const OUTSIDE_EVERY = 4;
/** From outside: within so many milliseconds after the first failures of a process. */
const LATEST_KILL_MS = 25;
/** By themselves: at one of so many commits from the first call of a handler on. */
const COMMITS = 12;
/** What was stored stays: it is looked at now and then, and at the end. */
const KILLS_BETWEEN_LOOKS = 20;

/** Set it to the number that a run printed, to have the same pauses again. */
const SEED = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 32));

const UNTOLD = `
  SELECT id FROM tasks_task AS failed
   WHERE queue = 'work' AND (SELECT count(*) FROM tasks_task WHERE parent_id = failed.id) <> (state = 'failed')`;
const STRAY = `
  SELECT told.id FROM tasks_task AS told LEFT JOIN tasks_task AS failed ON failed.id = told.parent_id
   WHERE told.queue = 'left' AND (failed.state IS NOT 'failed' OR told.name <> 'told')`;
const FAILED = `SELECT count(*) AS count FROM tasks_task WHERE queue = 'work' AND state = 'failed'`;
const OPEN = `SELECT count(*) AS count FROM tasks_task WHERE queue = 'work' AND state IN ('available', 'running')`;
const LOST = `SELECT count(*) AS count FROM tasks_task JOIN tasks_attempt ON task = seq AND outcome = 'lost' WHERE state = 'failed'`;

describe(`the tasks that follow failures, of workers that are killed (KILL_SEED=${SEED})`, () => {
  const random = new Random(SEED);
  const worker = useWorker();
  let stage: Stage;
  let tasks: TaskDispatcher;

  beforeAll(async () => {
    const options = { queues: { work: {}, left: {} }, onFailed: { queue: 'left', name: 'told' } };
    stage = new Stage(worker.file, { maxLostAttempts: 1, ...options });
    tasks = await stage.startApp();
  });
  afterAll(() => stage.remove());

  const count = (sql: string): number => stage.query<{ count: number }>(sql)[0]!.count;

  function look(): void {
    expect(stage.query(UNTOLD)).toEqual([]);
    expect(stage.query(STRAY)).toEqual([]);
  }

  async function killFromOutside(): Promise<void> {
    const before = count(FAILED);
    const victim = stage.startWorker();
    await until('failures', () => count(FAILED) > before, { patience: 240_000 });
    await sleep(random.between(0, LATEST_KILL_MS));
    await victim.kill();
  }

  /** One thread: its commits are counted, and it boots sooner. */
  async function endItself(): Promise<void> {
    const at = random.pick(['before', 'after'] as const);
    const point: KillPoint = { at, passing: random.between(0, COMMITS - 1), atWork: true };
    const victim = stage.startWorker({ thread: false }, { env: { [KILL_POINT_VARIABLE]: JSON.stringify(point) } });
    // With fewer commits than that it has nothing more to do.
    await until('its end', () => victim.hasEnded || (victim.isReady && count(OPEN) === 0), { patience: 240_000 });
    if (victim.hasEnded) expect(await victim.shutDown(), victim.output).toBe('SIGKILL');
    else await victim.kill();
  }

  it(
    `are there once for each, whatever it failed by: ${KILLS} kills`,
    { timeout: 300_000 + KILLS * 60_000 },
    async () => {
      let killedAtWork = 0;
      let enqueued = 0;
      for (let kill = 1; kill <= KILLS; kill += 1) {
        // What the one before has left goes on.
        const missing = Array.from({ length: TASKS_PER_KILL - count(OPEN) }, () => ({ failures: 1_000, retries: 0 }));
        await tasks.queueMany('work', 'fail', missing, { maxRetries: 0 });
        enqueued += missing.length;
        await (kill % OUTSIDE_EVERY === 0 ? killFromOutside() : endItself());
        if (count(OPEN) > 0) killedAtWork += 1;
        if (kill % KILLS_BETWEEN_LOOKS === 0) look();
        if (kill % 100 === 0) console.log(`${kill} kills, ${killedAtWork} of them at work, ${count(FAILED)} failures`);
      }
      expect(killedAtWork).toBeGreaterThan(0);
      // What a dead process had in hand fails by its death, where it had begun: one of these dies, and the other notices.
      await tasks.queue('work', 'die', {});
      const workers = [stage.startWorker(), stage.startWorker()];
      await until('the end of every task', () => count(FAILED) === enqueued + 1, { patience: 240_000 });
      for (const each of workers) await each.kill();
      expect(count(LOST)).toBeGreaterThan(0);
      look();
    },
  );
});
