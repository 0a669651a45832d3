import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../lib/clock/index.js';
import { checkStore } from '../../lib/engine/sqlite/backup/index.js';
import { until } from '../support/until.js';
import { Stage, useWorker } from './support/stage.js';
import { KILL_POINT_VARIABLE, type KillPoint } from './worker/kill-point.js';
import { buildLarge, LARGE, START_COMMIT_VARIABLE } from './worker/large-workflow.js';

/** What each chunk of a start gives the next, and then some. */
const SILENCE_MS = 61_000;

describe('the start of a large workflow whose process is killed', () => {
  const starter = useWorker('start-main');
  const worker = useWorker();
  let stage: Stage;

  afterEach(() => stage.remove());

  async function killedAt(commit: 'chunks' | 'last', point: KillPoint): Promise<void> {
    stage = new Stage(starter.file);
    const env = { [KILL_POINT_VARIABLE]: JSON.stringify(point), [START_COMMIT_VARIABLE]: commit };
    const one = stage.startWorker({}, { env });
    await until(
      () => `its end; it printed ${one.output}`,
      () => one.hasEnded,
    );
    expect(await one.shutDown(), one.output).toBe('SIGKILL');
  }

  it.each<['chunks' | 'last', KillPoint]>([
    ['chunks', { at: 'after', passing: 0 }],
    ['chunks', { at: 'before', passing: 2 }],
    ['chunks', { at: 'after', passing: 4 }],
    ['last', { at: 'before', passing: 0 }],
  ])(
    'leaves nothing that runs at one of its %s commits (%o), and what is there is cleared away',
    async (commit, at) => {
      await killedAt(commit, at);
      expect(stage.query('SELECT id FROM tasks_workflow')).toEqual([{ id: 'large' }]);
      expect(Object.keys(stage.rowsByState()).filter((state) => state !== 'blocked')).toEqual([]);
      const clock = new ManualClock();
      const tasks = await stage.startApp({ clock });
      expect((await tasks.listWorkflows()).items).toEqual([]);
      await expect(tasks.cancelWorkflow('large')).rejects.toMatchObject({ name: 'WorkflowNotFoundError' });
      clock.advance(SILENCE_MS);
      await until('the end of all rows', () => stage.query('SELECT seq FROM tasks_workflow').length === 0);
      expect(stage.rowsByState()).toEqual({});
      expect((await tasks.stats()).map(({ counts }) => counts.blocked)).toEqual([0, 0]);
      // Its id is free again.
      expect(await buildLarge(tasks).start({ id: 'large' })).toMatchObject({ id: 'large', started: true });
      expect((await tasks.getWorkflow('large')).tasks.total).toBe(LARGE);
      await stage.closeApps();
      expect(await checkStore(stage.databaseFile, { lease: 1_000 })).toEqual([]);
    },
  );

  it('has started it where the last commit came through, whoever is there to see it', async () => {
    await killedAt('last', { at: 'after', passing: 0 });
    const tasks = await stage.startApp();
    expect(await buildLarge(tasks).start({ id: 'large' })).toMatchObject({ id: 'large', started: false });
    await stage.startProgram(worker.file).ready;
    const run = tasks.workflowRun('large');
    await run.result();
    expect(await run.progress()).toMatchObject({ nodes: { completed: LARGE }, tasks: { total: LARGE, ended: LARGE } });
    expect(stage.rowsByState()).toEqual({ completed: LARGE });
  });
});
