import { spawnSync } from 'node:child_process';
import { renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../lib/contract/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { enqueue, Stage, useWorker } from '../kill/support/stage.js';
import type { WorkerSetup } from '../kill/worker/setup.js';
import { until } from '../support/until.js';

const program = useWorker();
let stage: Stage;

afterEach(() => stage.remove());

/** A store on which one app enqueues and one process works. */
async function atWork(): Promise<{ tasks: TaskDispatcher; file: string }> {
  stage = new Stage(program.file);
  const tasks = await stage.startApp();
  await stage.startWorker().ready;
  await stage.ended(tasks, (await enqueue(tasks, 'quick', {})).id);
  return { tasks, file: stage.databaseFile };
}

/** Has all that is in the log copied into the file; SQLite leaves that undone while somebody reads from the log. */
async function copyLog(database: Database.Database): Promise<void> {
  await until('the log to be copied', () => {
    const [{ busy }] = database.pragma('wal_checkpoint(TRUNCATE)') as [{ busy: number }];
    return busy === 0;
  });
}

/** Ends all processes, and has others work on what is there. */
async function expectToWorkAnew(): Promise<void> {
  await stage.closeApps();
  await stage.workers[0]!.shutDown();

  const anew = await stage.startApp();
  stage.startWorker();
  const { id } = await enqueue(anew, 'quick', {});
  expect((await stage.ended(anew, id)).state).toBe('completed');
}

async function refusal(action: Promise<unknown>): Promise<string> {
  const error: unknown = await action.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StoreError);
  return (error as Error).message;
}

describe('a database file that under its processes', () => {
  it('is moved away takes nothing until it is back, and loses nothing', async () => {
    const { tasks, file } = await atWork();
    const running = await enqueue(tasks, 'wait', { ms: 300 });
    await stage.started(running.id);
    const away = join(stage.folder, 'away.db');
    renameSync(file, away);
    expect(await refusal(enqueue(tasks, 'quick', {}))).toContain(`${file} was deleted or moved away while it was open`);
    expect(await refusal(tasks.get(running.id))).toContain('deleted or moved away');
    await stage.printed(stage.workers[0]!, 'deleted or moved away');

    renameSync(away, file);
    expect(await stage.ended(tasks, running.id)).toMatchObject({ state: 'completed', attempt: 1 });
    const after = await enqueue(tasks, 'quick', {});
    expect(await stage.ended(tasks, after.id)).toMatchObject({ state: 'completed', attempt: 1 });
    expect(stage.workers[0]!.hasEnded).toBe(false);
  });

  it('is deleted takes nothing more, and a restart begins with a new one', async () => {
    const { tasks, file } = await atWork();
    for (const part of [file, `${file}-wal`, `${file}-shm`]) rmSync(part, { force: true });
    expect(await refusal(enqueue(tasks, 'quick', {}))).toContain('deleted');
    await expectToWorkAnew();
  });

  it('is replaced by another takes nothing more, and a restart goes on with that one', async () => {
    const { tasks, file } = await atWork();
    const copy = join(stage.folder, 'restored.db');
    const source = new Database(file, { readonly: true });
    await source.backup(copy);
    source.close();
    for (const part of [`${file}-wal`, `${file}-shm`]) rmSync(part, { force: true });
    renameSync(copy, file);
    expect(await refusal(enqueue(tasks, 'quick', {}))).toContain('was replaced while it was open');
    await expectToWorkAnew();
    expect(stage.rowsByState()).toEqual({ completed: 2 });
  });

  it('is truncated takes nothing more', async () => {
    const { tasks, file } = await atWork();
    const checkpoint = new Database(file);
    await copyLog(checkpoint);
    checkpoint.close();
    await enqueue(tasks, 'quick', {});
    truncateSync(file, Math.floor(statSync(file).size / 2));
    expect(await refusal(enqueue(tasks, 'quick', {}))).toMatch(/was truncated while it was open|damaged/);
    expect(stage.workers[0]!.hasEnded).toBe(false);
  });

  it('is made smaller by a VACUUM stays in use', async () => {
    const { tasks, file } = await atWork();
    await tasks.pauseQueue('work');
    const text = 'x'.repeat(10_000);
    const stored = await tasks.queueMany<string>(
      'work',
      'quick',
      Array.from({ length: 500 }, () => ({ text })),
    );
    await tasks.bulk('delete', { ids: stored.map(({ id }) => id) });
    const database = new Database(file);
    await copyLog(database);
    const before = statSync(file).size;
    await enqueue(tasks, 'quick', {});
    database.exec('VACUUM');
    await copyLog(database);
    database.close();
    expect(statSync(file).size).toBeLessThan(before / 2);
    await tasks.resumeQueue('work');
    const { id } = await enqueue(tasks, 'quick', {});
    expect((await stage.ended(tasks, id)).state).toBe('completed');
  });
});

describe('two versions of the package on one file', () => {
  it('stop the older one from writing as soon as the newer one has changed the tables', async () => {
    const { tasks, file } = await atWork();
    const newer = new Database(file);
    newer.exec('ALTER TABLE tasks_task ADD COLUMN invented TEXT');
    newer
      .prepare('INSERT INTO tasks_migration (timestamp, name) VALUES (?, ?)')
      .run(9e12, 'FromTheFuture9000000000000');
    newer.close();
    expect(await refusal(enqueue(tasks, 'quick', {}))).toMatch(
      /Nothing was stored: .* was written by a newer version of nestjs-tasks: it has "FromTheFuture9000000000000"/,
    );
    expect(stage.rowsByState()).toEqual({ completed: 1 });
  });

  it("do not mind that the app's own tables change", async () => {
    const { tasks, file } = await atWork();
    const app = new Database(file);
    app.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY)');
    app.close();
    const { id } = await enqueue(tasks, 'quick', {});
    expect((await stage.ended(tasks, id)).state).toBe('completed');
  });
});

describe('migrations that are killed half-way', () => {
  /** Starts a process that is killed at the given statement of its migrations, counted from 0; false: they ended before. */
  function killedAt(killAt: number): boolean {
    const setup: WorkerSetup = {
      name: `killed-at-${killAt}`,
      ledger: join(stage.folder, 'ledger'),
      options: { database: stage.databaseFile, configFile: false, admin: false, workers: false },
    };
    const preload = join(import.meta.dirname, 'worker/kill-at-statement.mjs');
    const { signal } = spawnSync(process.execPath, ['--import', preload, program.file, JSON.stringify(setup)], {
      env: { ...process.env, KILL_AT: String(killAt) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return signal === 'SIGKILL';
  }

  it('leave all or nothing behind, and are made up for by the next process', async () => {
    stage = new Stage('');
    let kills = 0;
    for (let killAt = 1; killedAt(killAt); killAt += 7) {
      kills += 1;
      const database = new Database(stage.databaseFile);
      const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_master').get() as { tables: number };
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
      database.close();
      expect({ killAt, tables }).toEqual({ killAt, tables: 0 });
    }
    expect(kills).toBeGreaterThan(4);
    const tasks = await stage.startApp();
    expect((await enqueue(tasks, 'quick', {})).state).toBe('available');
  }, 600_000);
});
