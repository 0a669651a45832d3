import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backupTasks } from '../../lib/engine/sqlite/backup/index.js';
import { StoreError } from '../../lib/contract/index.js';
import { canMount, SmallDisk } from '../kill/support/small-disk.js';
import { enqueue, Stage, useWorker } from '../kill/support/stage.js';
import { until } from '../support/until.js';
import { cli } from './support/cli.js';

describe('a backup', () => {
  const worker = useWorker();
  let stage: Stage;
  let folder: string;

  beforeEach(() => {
    stage = new Stage(worker.file);
    folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-backup-'));
  });
  afterEach(async () => {
    await stage.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it('taken while processes write is sound and holds every task that was acknowledged before', async () => {
    const tasks = await stage.startApp();
    const workers = [stage.startWorker(), stage.startWorker()];
    await Promise.all(workers.map((one) => one.ready));
    const acknowledged: string[] = [];
    const producing = { on: true };
    const produce = async (): Promise<void> => {
      while (producing.on) {
        const stored = await Promise.all([enqueue(tasks, 'quick', {}), enqueue(tasks, 'spawn', {})]);
        acknowledged.push(...stored.map((task) => task.id));
      }
    };
    const producers = [produce(), produce()];
    try {
      for (let round = 1; round <= 5; round += 1) {
        await until('more tasks', () => acknowledged.length >= round * 100);
        const before = [...acknowledged];
        const spawned = stage.ledger.read().filter((entry) => entry.event === 'acknowledged');
        const to = join(folder, `${round}.db`);
        const backup = await backupTasks({ database: stage.databaseFile, to });

        const copy = new Database(to, { readonly: true });
        const stored = new Set(copy.prepare<[], string>('SELECT id FROM tasks_task').pluck().all());
        copy.close();
        expect([...before, ...spawned.map((entry) => entry.task)].filter((id) => !stored.has(id))).toEqual([]);
        expect(backup).toMatchObject({ file: to, tasks: stored.size });
        expect(await cli('check', '--database', to)).toMatchObject({ code: 0, err: '' });
      }
    } finally {
      producing.on = false;
      await Promise.all(producers);
    }
    expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
    expect(stage.faults()).toEqual([]);
  });

  it('is of one moment, however much is committed while it is taken', async () => {
    await stage.startApp();
    const writer = new Database(stage.databaseFile);
    writer.pragma('synchronous = OFF');
    // More pages than are copied in one go.
    writer.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, document BLOB)');
    for (let id = 0; id < 20; id += 1) writer.exec('INSERT INTO orders (document) VALUES (zeroblob(1000000))');
    const to = join(folder, 'moment.db');
    const done = { yet: false };
    const backup = backupTasks({ database: stage.databaseFile, to }).finally(() => (done.yet = true));
    let committed = 20;
    while (!done.yet && committed < 3_000) {
      writer.exec('INSERT INTO orders (document) VALUES (NULL)');
      committed += 1;
      await nextTurn();
    }
    writer.close();
    await backup;
    const copy = new Database(to, { readonly: true });
    const copied = copy.prepare<[], number>('SELECT count(*) FROM orders').pluck().get()!;
    copy.close();
    expect(copied).toBeGreaterThanOrEqual(20);
    // A copy that starts anew at each commit would end after the last of them.
    expect(copied).toBeLessThan(committed);
  });

  it('put back in place of a lost file has its waiting tasks run', async () => {
    const tasks = await stage.startApp();
    const waiting = await Promise.all(Array.from({ length: 20 }, () => enqueue(tasks, 'quick', {})));
    const to = join(folder, 'backup.db');
    expect(await cli('backup', '--database', stage.databaseFile, '--to', to)).toMatchObject({
      code: 0,
      out: expect.stringContaining(': 20 tasks, ') as string,
      err: '',
    });
    await enqueue(tasks, 'quick', {});
    await stage.closeApps();
    for (const suffix of ['', '-wal', '-shm']) rmSync(stage.databaseFile + suffix, { force: true });

    copyFileSync(to, stage.databaseFile);
    const restored = await stage.startApp();
    await stage.startWorker().ready;
    for (const { id } of waiting) expect(await stage.ended(restored, id)).toMatchObject({ state: 'completed' });
    expect(stage.rowsByState()).toEqual({ completed: 20 });
  });

  it('overwrites nothing', async () => {
    await stage.startApp();
    const to = join(folder, 'taken.db');
    writeFileSync(to, 'precious');
    await expect(backupTasks({ database: stage.databaseFile, to })).rejects.toThrow(`${to} exists`);
    expect(readdirSync(folder)).toEqual(['taken.db']);
  });

  it.each<[string, (at: string) => { database?: string; to?: string }, string]>([
    ['of no file', (at) => ({ database: join(at, 'none.db') }), 'There is no file'],
    ['of a folder', (at) => ({ database: at }), 'is not a file'],
    ['of what is no database', (at) => ({ database: noDatabase(at) }), 'the file is not a SQLite database'],
    ['of a database without tasks', (at) => ({ database: withoutTasks(at) }), 'holds no tasks'],
    ['to a folder that is not there', (at) => ({ to: join(at, 'none', 'x.db') }), 'there is no such folder'],
    ['to a folder', (at) => ({ to: at }), 'exists'],
  ])('%s is refused and leaves nothing behind', async (_case, options, message) => {
    await stage.startApp();
    const at = join(folder, 'sources');
    mkdirSync(at);
    const { database = stage.databaseFile, to = join(folder, 'backup.db') } = options(at);
    await expect(backupTasks({ database, to })).rejects.toThrow(StoreError);
    const { code, out, err } = await cli('backup', '--database', database, '--to', to);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
    expect(readdirSync(folder)).toEqual(['sources']);
    expect(existsSync(join(at, 'none.db'))).toBe(false);
  });

  it.skipIf(!canMount())('to a full disk or a read-only one says so and leaves nothing behind', async () => {
    const tasks = await stage.startApp();
    await Promise.all(Array.from({ length: 200 }, () => enqueue(tasks, 'fail', { failures: 1, retries: 1 })));
    const disk = new SmallDisk('64k');
    try {
      const run = () => cli('backup', '--database', stage.databaseFile, '--to', join(disk.folder, 'backup.db'));
      const full = await run();
      expect(full).toMatchObject({ code: 1, out: '' });
      expect(full.err).toContain('the disk is full');
      expect(readdirSync(disk.folder)).toEqual([]);
      disk.makeReadOnly();
      const readOnly = await run();
      expect(readOnly).toMatchObject({ code: 1, out: '' });
      expect(readOnly.err).toContain('read-only');
    } finally {
      disk.remove();
    }
  });
});

function noDatabase(folder: string): string {
  const file = join(folder, 'notes.txt');
  writeFileSync(file, 'not a database, but longer than the header of one would be: '.repeat(20));
  return file;
}

function withoutTasks(folder: string): string {
  const file = join(folder, 'shop.db');
  new Database(file).exec('CREATE TABLE orders (id INTEGER)').close();
  return file;
}
