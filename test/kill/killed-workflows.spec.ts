import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { checkStore } from '../../lib/engine/sqlite/backup/index.js';
import { until } from '../support/until.js';
import { Random } from './support/random.js';
import { Stage, useWorker } from './support/stage.js';
import type { WorkerProcess } from './support/worker-process.js';
import { KILL_POINT_VARIABLE, type KillPoint } from './worker/kill-point.js';

const PROCESSES = 2;
/** A thousand where a run is to be thorough: each is the end of a process, right before or after a commit. */
const KILLS = Number(process.env['WORKFLOW_KILLS'] ?? 4);
/** Commits that a process passes before it ends: few, so that its start and what it finds are a good part of what it does. */
const MOST_PASSINGS = 60;
/** Between two looks at which processes are gone. */
const PAUSE_MS = 20;
const SEED = Number(process.env['KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

describe(`workflows whose processes are killed (KILL_SEED=${SEED})`, () => {
  const worker = useWorker('workflows-main');
  let stage: Stage;

  afterEach(() => stage.remove());

  it(
    `go on from where they were: each ends, and nothing waits or is counted wrongly: ${KILLS} kills`,
    { timeout: 400_000 + KILLS * 60_000 },
    async () => {
      const random = new Random(SEED);
      stage = new Stage(worker.file, { maxLostAttempts: 1_000 });
      let begun = 0;
      const startOne = (): WorkerProcess => {
        const at = begun++ % 2 === 0 ? 'before' : 'after';
        const point: KillPoint = { at, passing: random.between(0, MOST_PASSINGS) };
        return stage.startWorker({}, { env: { [KILL_POINT_VARIABLE]: JSON.stringify(point) } });
      };
      // Nobody else goes on with workflows: this process asks the file alone.
      const working = Array.from({ length: PROCESSES }, startOne);
      for (let killed = 0; killed < KILLS;) {
        for (const [index, one] of working.entries()) {
          if (!one.hasEnded) continue;
          // Nothing but its own signal ended it.
          expect(await one.shutDown(), one.output).toBe('SIGKILL');
          killed += 1;
          if (killed % 100 === 0) console.log(`${killed} kills`);
          working[index] = startOne();
        }
        await sleep(PAUSE_MS);
      }
      for (const one of working) {
        await one.kill();
        // It may have come to its own end first, which is no fault.
        await one.shutDown();
      }
      for (let count = 0; count < PROCESSES; count += 1) stage.startWorker();
      const states = (): string[] =>
        stage.query<{ state: string }>('SELECT state FROM tasks_workflow').map(({ state }) => state);
      await stage.atWork();
      await until(
        () => `the end of all workflows: ${JSON.stringify(stage.rowsByState())}`,
        () => states().every((state) => state !== 'running'),
        { patience: 300_000 },
      );
      const started = states().length;
      expect(states()).toEqual(Array.from({ length: started }, () => 'completed'));
      const counts = { completed: 7 * started, failed: started, cancelled: 2 * started };
      expect(stage.rowsByState()).toEqual(started === 0 ? {} : counts);
      await Promise.all(stage.workers.map((one) => one.kill()));
      const found = await checkStore(stage.databaseFile, { lease: 1_000 });
      expect(found.filter(({ kind }) => kind !== 'orphaned-task')).toEqual([]);
      expect(stage.faults()).toEqual([]);
    },
  );
});
