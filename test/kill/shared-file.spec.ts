import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { overlaps } from './support/ledger.js';
import { Stage, useWorker, enqueue } from './support/stage.js';

describe('one file', () => {
  const worker = useWorker();
  let stage: Stage;

  afterEach(() => stage?.remove());

  it('takes tasks from several producers while several workers run them', async () => {
    stage = new Stage(worker.file);
    const producers = [await stage.startApp(), await stage.startApp()];
    const workers = [stage.startWorker(), stage.startWorker()];
    await Promise.all(workers.map((one) => one.ready));
    const ids: string[] = [];
    // Also the workers enqueue: four processes write at the same time.
    const produce = async (tasks: (typeof producers)[number]): Promise<void> => {
      for (let round = 0; round < 100; round += 1) {
        const stored = await Promise.all([
          enqueue(tasks, 'quick', {}),
          enqueue(tasks, 'spawn', {}),
          enqueue(tasks, 'fail', { failures: 1, retries: 1 }, { maxRetries: 1 }),
        ]);
        ids.push(...stored.map((task) => task.id));
      }
    };
    await Promise.all(producers.map(produce));
    const total = ids.length + ids.length / 3;
    await until('the end of every task', () => stage.rowsByState().completed === total);
    expect(stage.rowsByState()).toEqual({ completed: total });
    expect(overlaps(stage.ledger.read())).toEqual([]);
    expect(stage.faults()).toEqual([]);
  });

  it('that somebody else holds locked for seconds delays what is written and loses nothing', async () => {
    stage = new Stage(worker.file);
    const tasks = await stage.startApp();
    const one = stage.startWorker();
    await one.ready;
    const running = await enqueue(tasks, 'wait', { ms: 500 });
    await stage.started(running.id);

    const outsider = new Database(stage.databaseFile);
    outsider.exec('BEGIN IMMEDIATE');
    let stored = 0;
    const enqueued = Promise.all(
      Array.from({ length: 50 }, async () => {
        const { id } = await enqueue(tasks, 'quick', {});
        stored += 1;
        return id;
      }),
    );
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 20);
    await sleep(3_000);
    clearInterval(timer);
    const storedMeanwhile = stored;
    outsider.exec('COMMIT');
    outsider.close();

    // A wait that blocks the thread would have left room for a handful.
    expect(ticks).toBeGreaterThan(20);
    expect(storedMeanwhile).toBe(0);
    const ids = [running.id, ...(await enqueued)];
    for (const id of ids) {
      expect((await stage.ended(tasks, id)).attempts).toMatchObject([{ attempt: 1, outcome: 'completed' }]);
    }
    expect(stage.faults()).toEqual([]);
  });

  it("takes tasks within the app's open transaction while the engine of the same process writes", async () => {
    stage = new Stage(worker.file);
    const dataSource = new DataSource({ type: 'better-sqlite3', database: stage.databaseFile });
    await dataSource.initialize();
    try {
      await dataSource.query('CREATE TABLE orders (id INTEGER PRIMARY KEY)');
      const tasks = await stage.startApp({ dataSource, database: undefined });
      const one = stage.startWorker();
      await one.ready;

      let beside: Promise<unknown> = Promise.resolve();
      const within = await dataSource.transaction(async (manager) => {
        await manager.query('INSERT INTO orders (id) VALUES (1)');
        // The transaction holds the write lock from here on: this one waits for its end, without stopping it.
        beside = enqueue(tasks, 'quick', {});
        await sleep(100);
        const task = await tasks.queue('work', 'quick', {}, { manager });
        await sleep(100);
        expect(stage.query('SELECT id FROM tasks_task')).toEqual([]);
        return task;
      });
      const other = (await beside) as { id: string };
      for (const { id } of [within, other]) {
        expect(await stage.ended(tasks, id)).toMatchObject({ state: 'completed' });
      }

      const failure = new Error('the order is refused');
      const rolledBack = dataSource.transaction(async (manager) => {
        await tasks.queue('work', 'quick', {}, { manager });
        throw failure;
      });
      await expect(rolledBack).rejects.toBe(failure);
      expect(stage.rowsByState()).toEqual({ completed: 2 });
      expect((await tasks.stats()).find(({ queue }) => queue === 'work')!.counts).toMatchObject({
        available: 0,
        completed: 2,
      });
    } finally {
      await dataSource.destroy();
    }
  });
});
