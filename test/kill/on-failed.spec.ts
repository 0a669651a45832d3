import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { until } from '../support/until.js';
import { Random } from './support/random.js';
import { Stage, useWorker } from './support/stage.js';

/** Each at a commit that fails attempts, before it, or after it. */
const KILLS = Number(process.env.ON_FAILED_KILLS ?? 2);
const TASKS_PER_KILL = 100;
/** Within so many milliseconds after the first failures of a process. */
const LATEST_KILL_MS = 25;

/** Set it to the number that a run printed, to have the same pauses again. */
const SEED = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 32));

const UNTOLD = `
  SELECT id FROM tasks_task AS failed
   WHERE queue = 'work' AND (SELECT count(*) FROM tasks_task WHERE parent_id = failed.id) <> (state = 'failed')`;
const STRAY = `
  SELECT told.id FROM tasks_task AS told LEFT JOIN tasks_task AS failed ON failed.id = told.parent_id
   WHERE told.queue = 'left' AND (failed.state IS NOT 'failed' OR told.name <> 'told')`;
const FAILED = `SELECT count(*) AS count FROM tasks_task WHERE queue = 'work' AND state = 'failed'`;
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

  it(
    `are there once for each, whatever it failed by: ${KILLS} kills`,
    { timeout: 300_000 + KILLS * 60_000 },
    async () => {
      let killedAtWork = 0;
      for (let kill = 1; kill <= KILLS; kill += 1) {
        await tasks.queueMany(
          'work',
          'fail',
          Array.from({ length: TASKS_PER_KILL }, () => ({ failures: 1_000, retries: 0 })),
          { maxRetries: 0 },
        );
        const before = count(FAILED);
        const victim = stage.startWorker();
        await until('failures', () => count(FAILED) > before, { patience: 240_000 });
        await sleep(random.between(0, LATEST_KILL_MS));
        await victim.kill();
        if (count(FAILED) < kill * TASKS_PER_KILL) killedAtWork += 1;
        expect(stage.query(UNTOLD)).toEqual([]);
        expect(stage.query(STRAY)).toEqual([]);
        if (kill % 100 === 0) console.log(`${kill} kills, ${killedAtWork} of them at work, ${count(FAILED)} failures`);
      }
      expect(killedAtWork).toBeGreaterThan(0);
      // What a dead process had in hand fails by its death, where it had begun: one of these dies, and the other notices.
      await tasks.queue('work', 'die', {});
      const workers = [stage.startWorker(), stage.startWorker()];
      await until('the end of every task', () => count(FAILED) === KILLS * TASKS_PER_KILL + 1, { patience: 240_000 });
      for (const each of workers) await each.kill();
      expect(count(LOST)).toBeGreaterThan(0);
      expect(stage.query(UNTOLD)).toEqual([]);
      expect(stage.query(STRAY)).toEqual([]);
    },
  );
});
