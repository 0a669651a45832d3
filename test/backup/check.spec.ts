import { closeSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enqueue, Stage, useWorker } from '../kill/support/stage.js';
import { until } from '../support/until.js';
import { cli } from './support/cli.js';

describe('the check of a store', () => {
  const worker = useWorker();
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage(worker.file);
  });
  afterEach(() => stage.remove());

  const check = (...options: string[]) => cli('check', '--database', stage.databaseFile, ...options);
  const backups = () => readdirSync(stage.folder).filter((name) => name.includes('.before-repair-'));

  function tamper(sql: string): void {
    const database = new Database(stage.databaseFile);
    database.pragma('ignore_check_constraints = ON');
    database.pragma('foreign_keys = OFF');
    database.exec(sql);
    database.close();
  }

  it('never finds anything wrong while processes write and run tasks', async () => {
    const tasks = await stage.startApp();
    const workers = [stage.startWorker(), stage.startWorker()];
    await Promise.all(workers.map((one) => one.ready));
    let stored = 0;
    const producing = { on: true };
    const produce = async (): Promise<void> => {
      while (producing.on) {
        await Promise.all([
          enqueue(tasks, 'spawn', {}),
          enqueue(tasks, 'wait', { ms: 20 }),
          enqueue(tasks, 'fail', { failures: 1, retries: 1 }, { maxRetries: 1 }),
        ]);
        stored += 3;
      }
    };
    const producer = produce();
    try {
      for (let round = 1; round <= 15; round += 1) {
        await until('more tasks', () => stored >= round * 30);
        // A worker that shuts down in between is not one that is gone with tasks in its hands.
        if (round === 8) void workers[0]!.shutDown();
        expect(await check()).toEqual({ code: 0, out: `${stage.databaseFile}: nothing is wrong.\n`, err: '' });
      }
    } finally {
      producing.on = false;
      await producer;
    }
  });

  it('finds the task of a process that was killed, and hands it back with the lost attempt on record', async () => {
    const tasks = await stage.startApp();
    const [victim, survivor] = [await enqueue(tasks, 'wait', { ms: 60_000 }), await enqueue(tasks, 'quick', {})];
    const doomed = stage.startWorker();
    await stage.started(victim.id);
    await stage.ended(tasks, survivor.id);
    expect((await check()).code).toBe(0);
    await doomed.kill();

    const found = await check();
    expect(found.code).toBe(1);
    expect(found.out).toContain(`1 task running by process ${doomed.pid} on `);
    expect(found.err).toContain('1 problem found. Option --repair puts that right, after a backup.');
    expect(backups()).toEqual([]);

    const repaired = await check('--repair');
    expect(repaired).toMatchObject({ code: 0, err: '' });
    expect(repaired.out).toContain('Repaired; nothing is wrong any more.');
    expect(backups()).toHaveLength(1);
    expect(await tasks.get(victim.id)).toMatchObject({
      state: 'available',
      attempts: [{ attempt: 1, outcome: 'lost', error: { name: 'WorkerLostError' } }],
    });
    expect(stage.heartbeats()).toEqual([]);
    expect((await tasks.stats()).find(({ queue }) => queue === 'work')!.counts).toMatchObject({
      available: 1,
      running: 0,
      completed: 1,
    });
    await stage.startWorker().ready;
    await stage.started(victim.id, 2);
  });

  /** A worker with a running task, as if it were in another container. */
  async function workerElsewhere(): Promise<ReturnType<typeof stage.startWorker>> {
    const task = await enqueue(await stage.startApp(), 'wait', { ms: 60_000 });
    const one = stage.startWorker({ lease: '1s' });
    await stage.started(task.id);
    tamper(`UPDATE tasks_worker SET pid_space = 'another container'`);
    return one;
  }

  it('takes a worker of another container for gone when its heart no longer beats, and not before', async () => {
    const one = await workerElsewhere();
    expect(await check('--lease', '1s')).toMatchObject({ code: 0 });
    one.freeze();
    const found = await check('--lease', '1s');
    one.thaw();
    expect(found.code).toBe(1);
    expect(found.out).toContain('which is gone');
  });

  it('says nothing of a worker of another container where no heart can beat', async () => {
    const one = await workerElsewhere();
    one.freeze();
    // What is in the way of the folder, as a place is that is read-only.
    rmSync(`${stage.databaseFile}-workers`, { recursive: true });
    writeFileSync(`${stage.databaseFile}-workers`, '');
    const found = await check('--lease', '1s');
    one.thaw();
    expect(found).toMatchObject({ code: 0, err: '' });
  });

  it('finds a log that somebody keeps from beginning anew, which nothing but its end repairs', async () => {
    const tasks = await stage.startApp();
    await enqueue(tasks, 'quick', {});
    const reader = new Database(stage.databaseFile);
    reader.exec('CREATE TABLE filler (content)');
    reader.exec('BEGIN; SELECT count(*) FROM filler');
    const writer = new Database(stage.databaseFile);
    writer.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 34000) INSERT INTO filler SELECT zeroblob(4000) FROM n`,
    );
    writer.close();
    const found = await check();
    reader.close();
    expect(found.code).toBe(1);
    expect(found.out).toMatch(/tasks\.db-wal has grown to 1\d\d MiB: .*Look for a backup, a report or a shell/);
  });

  it('finds what was changed behind its back, and repairs it', async () => {
    const tasks = await stage.startApp();
    const ids = await Promise.all(Array.from({ length: 5 }, async () => (await enqueue(tasks, 'quick', {})).id));
    const one = stage.startWorker();
    for (const id of ids) await stage.ended(tasks, id);
    await one.shutDown();
    const nameless = await enqueue(tasks, 'quick', {});
    const repeated = await enqueue(tasks, 'quick', {});
    const stray = await enqueue(tasks, 'quick', {});
    tamper(`
      UPDATE tasks_count SET count = 7 WHERE state = 'completed';
      INSERT INTO tasks_count VALUES ('ghost', 'failed', 2);
      DELETE FROM tasks_task WHERE id = '${ids[0]}';
      UPDATE tasks_task SET state = 'running', attempt = 1, worker = NULL WHERE id = '${nameless.id}';
      UPDATE tasks_task SET state = 'running', attempt = 1, worker = 'nobody', started_at = 1 WHERE id = '${repeated.id}';
      INSERT INTO tasks_attempt SELECT seq, 1, 'nobody', 1, 2, 'retried', NULL, NULL, NULL FROM tasks_task WHERE id = '${repeated.id}';
      UPDATE tasks_task SET state = 'running', attempt = 1, worker = 'nobody', started_at = 1 WHERE id = '${stray.id}';`);

    const found = await check();
    expect(found.code).toBe(1);
    const lines = found.out.trimEnd().split('\n');
    expect(lines).toEqual([
      expect.stringContaining('1 task running by worker nobody, which is gone'),
      expect.stringContaining('2 tasks running without a worker or a start, or with an attempt that has already ended'),
      expect.stringContaining('tasks_attempt has 1 attempt of tasks that there are not'),
      expect.stringContaining('Queue "ghost" has 0 tasks failed, but its counter says 2'),
      expect.stringContaining('Queue "work" has 0 tasks available, but its counter says 3'),
      expect.stringContaining('Queue "work" has 4 tasks completed, but its counter says 7'),
      expect.stringContaining('Queue "work" has 3 tasks running, but its counter says 0'),
    ]);
    expect(await check('--repair')).toMatchObject({ code: 0, err: '' });
    expect(await check()).toMatchObject({ code: 0 });
    expect(stage.query(`SELECT state, count FROM tasks_count WHERE queue = 'work' AND count <> 0`)).toEqual([
      { state: 'available', count: 3 },
      { state: 'completed', count: 4 },
    ]);
    expect(stage.attemptsByTask().get(stray.id)).toEqual([{ attempt: 1, outcome: 'lost' }]);

    await stage.startWorker().ready;
    for (const { id } of [nameless, repeated, stray]) {
      expect(await stage.ended(tasks, id)).toMatchObject({ state: 'completed' });
    }
  });

  it('says which tasks nobody handles, and since when', async () => {
    const tasks = await stage.startApp();
    const { id } = await enqueue(tasks, 'quick', {});
    const since = Date.UTC(2027, 0, 1);
    tamper(`
      INSERT INTO tasks_unhandled VALUES ('work', 'quick'), ('work', 'gone');
      UPDATE tasks_task SET unhandled_since = ${since} WHERE id = '${id}'`);
    const { code, out } = await check();
    expect(code).toBe(1);
    expect(out).toContain('Nobody handles "quick": 1 task of queue "work"');
    expect(out).toContain('the first since 2027-01-01T00:00:00.000Z');
    expect(out).not.toContain('gone');
  });

  it('explains what it cannot repair, and repairs the rest', async () => {
    const tasks = await stage.startApp();
    const odd = await enqueue(tasks, 'quick', {});
    tamper(`UPDATE tasks_task SET state = 'paused' WHERE id = '${odd.id}'`);
    const { code, out, err } = await check('--repair');
    expect(code).toBe(1);
    expect(out).toContain('1 task in the state "paused", which there is not');
    expect(out).toContain('Repaired what could be. What is left:');
    expect(err).toBe(`nestjs-tasks: ${stage.databaseFile}: 1 problem found.\n`);
  });

  it('says so when a newer version wrote the tables, and changes nothing', async () => {
    await stage.startApp();
    tamper(`INSERT INTO tasks_migration (timestamp, name) VALUES (9, 'FromTheFuture9')`);
    const { code, out } = await check('--repair');
    expect(code).toBe(1);
    expect(out).toContain('a newer version of nestjs-tasks: they have "FromTheFuture9"');
    expect(backups()).toEqual([]);
  });

  it('says so when the file is damaged, and no backup of it is made', async () => {
    const tasks = await stage.startApp();
    await Promise.all(Array.from({ length: 300 }, () => enqueue(tasks, 'quick', {})));
    await stage.closeApps();
    const [{ page }] = stage.query<{ page: number }>(
      `SELECT rootpage AS page FROM sqlite_master WHERE name = 'tasks_task_id'`,
    ) as [{ page: number }];
    const descriptor = openSync(stage.databaseFile, 'r+');
    writeSync(descriptor, Buffer.alloc(4_096, 0xff), 0, 4_096, (page - 1) * 4_096);
    closeSync(descriptor);

    const { code, out, err } = await check('--repair');
    expect(code).toBe(1);
    expect(out + err).toMatch(/damaged/);
    expect(backups()).toEqual([]);
    const copy = `${stage.databaseFile}.copy`;
    const refused = await cli('backup', '--database', stage.databaseFile, '--to', copy);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('damaged');
    expect(readdirSync(stage.folder).filter((name) => name.includes('copy'))).toEqual([]);
  });

  it.each([
    ['a file that is not there', '/nowhere/tasks.db', 'There is no file'],
    ['a folder', '/tmp', 'is not a file'],
    ['what is no path', 'file:tasks.db', 'write "tasks.db"'],
  ])('of %s is refused', async (_case, file, message) => {
    const { code, err } = await cli('check', '--database', file);
    expect(code).toBe(1);
    expect(err).toContain(message);
  });

  it('takes a length of time for --lease', async () => {
    const { code, err } = await cli('check', '--database', 'x.db', '--lease', 'long');
    expect(code).toBe(2);
    expect(err).toContain('--lease ');
  });
});
