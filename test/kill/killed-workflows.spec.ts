import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { checkStore } from '../../lib/engine/sqlite/backup/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { until } from '../support/until.js';
import { Random } from './support/random.js';
import { Stage, useWorker } from './support/stage.js';

const PROCESSES = 2;
/** A thousand where a run is to be thorough. */
const KILLS = Number(process.env['WORKFLOW_KILLS'] ?? 2);
const WORKFLOWS_PER_KILL = 4;
const SEED = Number(process.env['KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

describe(`workflows whose processes are killed (KILL_SEED=${SEED})`, () => {
  const worker = useWorker();
  let stage: Stage;

  afterEach(() => stage.remove());

  it('go on from where they were: each ends, and nothing waits or is counted wrongly', async () => {
    const random = new Random(SEED);
    stage = new Stage(worker.file, { maxLostAttempts: 1_000 });
    for (let count = 0; count < PROCESSES; count += 1) stage.startWorker();
    let started = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const tasks = await stage.startApp();
      for (let count = 0; count < WORKFLOWS_PER_KILL; count += 1, started += 1) await startOne(tasks, random);
      // Only the processes that are killed go on with them.
      await stage.closeApps();
      await stage.atWork();
      await sleep(random.between(5, 250));
      const living = stage.workers.filter((one) => !one.hasEnded);
      await random.pick(living.some((one) => one.isReady) ? living.filter((one) => one.isReady) : living).kill();
      stage.startWorker();
    }
    const states = (): string[] =>
      stage.query<{ state: string }>('SELECT state FROM tasks_workflow').map(({ state }) => state);
    await until(
      () => `the end of all workflows: ${states().join(', ')}; ${JSON.stringify(stage.rowsByState())}`,
      () => states().every((state) => state !== 'running'),
      { patience: 400_000 },
    );
    expect(states()).toEqual(Array.from({ length: started }, () => 'completed'));
    expect(stage.rowsByState()).toEqual({ completed: 7 * started, failed: started, cancelled: 2 * started });
    await Promise.all(stage.workers.map((one) => one.kill()));
    const found = await checkStore(stage.databaseFile, { lease: 1_000 });
    expect(found.filter(({ kind }) => kind !== 'orphaned-task')).toEqual([]);
  }, 600_000);
});

/** Three tasks after one, one after those; one that fails, what waits for that and is cancelled, and what answers it. */
async function startOne(tasks: TaskDispatcher, random: Random): Promise<void> {
  const w = tasks.workflow('killed');
  const wait = (): { ms: number } => ({ ms: random.between(1, 10) });
  const first = w.add('work', 'wait', wait(), { as: 'first' });
  const many = w.each('work', 'wait', [wait(), wait(), wait()], { as: 'many', after: first });
  w.add('work', 'quick', {}, { as: 'join', after: many });
  const failing = w.add('work', 'fail', { failures: 1, retries: 0 }, { as: 'failing', after: first, maxRetries: 0 });
  const never = w.add('work', 'quick', {}, { as: 'never', after: failing });
  w.add('work', 'quick', {}, { as: 'nor', after: never });
  w.add('work', 'quick', {}, { as: 'answer', after: failing, when: 'failed' });
  w.add('work', 'quick', {}, { as: 'whatever', after: never, when: 'ended' });
  await w.start();
}
