import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { until } from '../support/until.js';
import { Random } from './support/random.js';
import { Stage, useWorker } from './support/stage.js';

/** Each at a commit that ends attempts, before it, or after it. */
const KILLS = Number(process.env.FOLLOW_UP_KILLS ?? 3);
const TASKS_PER_KILL = 100;
/** Within so many milliseconds after the first attempts of a process have ended. */
const LATEST_KILL_MS = 25;

/** Set it to the number that a run printed, to have the same pauses again. */
const SEED = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 32));

const ORPHANS = `
  SELECT child.id FROM tasks_task AS child LEFT JOIN tasks_task AS parent ON parent.id = child.parent_id
   WHERE child.queue = 'left' AND (parent.id IS NULL OR parent.state <> 'completed')`;
const CHILDLESS = `
  SELECT id FROM tasks_task AS parent
   WHERE name = 'follow' AND state = 'completed'
     AND (SELECT count(*) FROM tasks_task WHERE parent_id = parent.id AND queue = 'left') <> 2`;
/** Results of what has not completed, or that name a task which is not its child. */
const STRAY_RESULTS = `
  SELECT result.task FROM tasks_result AS result
    LEFT JOIN tasks_task AS parent ON parent.seq = result.task AND parent.state = 'completed'
    LEFT JOIN tasks_task AS child ON child.id = json_extract(result.value, '$.first') AND child.parent_id = parent.id
   WHERE child.id IS NULL`;
const WITHOUT_RESULT = `
  SELECT id FROM tasks_task WHERE name = 'follow' AND state = 'completed' AND seq NOT IN (SELECT task FROM tasks_result)`;
/** Tasks that wait, handed back by whom they were lost with or never begun, whose deadline nobody would see. */
const UNWATCHED = `
  SELECT id FROM tasks_task
   WHERE name = 'follow' AND state IN ('available', 'retryable') AND seq NOT IN (SELECT task FROM tasks_lapse)`;
const FAULTS = [ORPHANS, CHILDLESS, STRAY_RESULTS, WITHOUT_RESULT, UNWATCHED];
const COMPLETED = `SELECT count(*) AS count FROM tasks_task WHERE name = 'follow' AND state = 'completed'`;

describe(`follow-up tasks and results of workers that are killed (KILL_SEED=${SEED})`, () => {
  const random = new Random(SEED);
  const worker = useWorker();
  let stage: Stage;
  let tasks: TaskDispatcher;

  beforeAll(async () => {
    stage = new Stage(worker.file, { maxLostAttempts: 1_000, queues: { work: {}, left: {} } });
    tasks = await stage.startApp();
  });
  afterAll(() => stage.remove());

  const completed = (): number => stage.query<{ count: number }>(COMPLETED)[0]!.count;

  it(
    `are there if and only if their task has completed: ${KILLS} kills`,
    { timeout: 300_000 + KILLS * 60_000 },
    async () => {
      let killedAtWork = 0;
      for (let kill = 1; kill <= KILLS; kill += 1) {
        await tasks.queueMany(
          'work',
          'follow',
          Array.from({ length: TASKS_PER_KILL }, () => ({})),
          { deadline: '1d' },
        );
        const before = completed();
        const victim = stage.startWorker();
        const hasEndedAttempts = (): boolean => {
          if (victim.endedItself) throw new Error(`${victim.name} ended by itself:\n${victim.output}`);
          return completed() > before;
        };
        await until(() => `attempts that have ended; it printed ${victim.output}`, hasEndedAttempts, {
          patience: 240_000,
        });
        await sleep(random.between(0, LATEST_KILL_MS));
        await victim.kill();
        if (completed() < kill * TASKS_PER_KILL) killedAtWork += 1;
        for (const faults of FAULTS) expect(stage.query(faults)).toEqual([]);
        if (kill % 100 === 0)
          console.log(`${kill} kills, ${killedAtWork} of them at work, ${completed()} tasks completed`);
      }
      expect(killedAtWork).toBeGreaterThan(0);

      const last = stage.startWorker();
      await until('the end of every task', () => completed() === KILLS * TASKS_PER_KILL, { patience: 240_000 });
      await last.kill();
      for (const faults of FAULTS) expect(stage.query(faults)).toEqual([]);
      expect(stage.rowsByState()).toEqual({
        completed: KILLS * TASKS_PER_KILL,
        available: KILLS * TASKS_PER_KILL,
        scheduled: KILLS * TASKS_PER_KILL,
      });
    },
  );
});
