import { copyFileSync, existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enqueue, Stage } from '../kill/support/stage.js';
import { cli } from './support/cli.js';

describe('A restore', () => {
  let stage: Stage;
  let file: string;
  let backup: string;

  beforeEach(async () => {
    stage = new Stage('');
    file = stage.databaseFile;
    backup = join(stage.folder, 'backup.db');
    const tasks = await stage.startApp();
    await store(tasks, 5);
    expect(await cli('backup', '--database', file, '--to', backup)).toMatchObject({ code: 0 });
    await store(tasks, 10);
  });
  afterEach(() => stage.remove());

  async function store(tasks: Awaited<ReturnType<Stage['startApp']>>, count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) await enqueue(tasks, 'quick', {});
  }

  const restore = (from = backup, database = file) => cli('restore', '--from', from, '--database', database);

  function stored(path: string): number {
    const database = new Database(path);
    try {
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
      return database.prepare<[], number>('SELECT count(*) FROM tasks_task').pluck().get()!;
    } finally {
      database.close();
    }
  }

  const keptFiles = () => readdirSync(stage.folder).filter((name) => name.includes('before-restore'));

  it('puts the backup in place, keeps what was there, and an app goes on with it', async () => {
    await stage.closeApps();
    const { code, out } = await restore();
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringContaining(`${file} is restored from ${backup}: 5 tasks.`) as string,
    });
    const [kept] = keptFiles();
    expect(out).toContain(join(stage.folder, kept!));
    expect([stored(file), stored(join(stage.folder, kept!)), stored(backup)]).toEqual([5, 15, 5]);
    await store(await stage.startApp(), 1);
    await stage.closeApps();
    expect(stored(file)).toBe(6);
    expect(readdirSync(stage.folder).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('is refused while a process has the file open, and changes nothing', async () => {
    const { code, err } = await restore();
    expect(code).toBe(1);
    expect(err).toContain(`A process has ${file} open: stop every app, panel and command`);
    expect(keptFiles()).toEqual([]);
    await stage.closeApps();
    expect(stored(file)).toBe(15);
  });

  it('takes the log that a killed process left away together with its file', async () => {
    // As they lie there after a kill: what was stored last is in the log alone.
    const [left, log] = [join(stage.folder, 'left.db'), join(stage.folder, 'left.db-wal')];
    copyFileSync(file, left);
    copyFileSync(`${file}-wal`, log);
    expect(await restore(backup, left)).toMatchObject({ code: 0 });
    expect(existsSync(log)).toBe(false);
    const kept = keptFiles().find((name) => !name.endsWith('-wal'))!;
    expect([stored(left), stored(join(stage.folder, kept))]).toEqual([5, 15]);
  });

  it('comes to the file behind a link, to where no file is, and in the place of a damaged one', async () => {
    await stage.closeApps();
    const link = join(stage.folder, 'link.db');
    symlinkSync(file, link);
    expect(await restore(backup, link)).toMatchObject({ code: 0 });
    expect(stored(file)).toBe(5);

    const fresh = join(stage.folder, 'new', 'tasks.db');
    expect(await restore(backup, fresh)).toMatchObject({ code: 0 });
    expect(stored(fresh)).toBe(5);

    writeFileSync(fresh, 'no database');
    expect(await restore(backup, fresh)).toMatchObject({ code: 0 });
    expect(stored(fresh)).toBe(5);
  });

  it.each([
    ['is not there', (path: string) => rmSync(path), 'There is no file'],
    ['is no database', (path: string) => writeFileSync(path, 'no database'), 'not a SQLite database'],
  ])('of a backup that %s is refused, and changes nothing', async (_case, spoil, message) => {
    await stage.closeApps();
    spoil(backup);
    const { code, err } = await restore();
    expect(code).toBe(1);
    expect(err).toContain(message);
    expect(stored(file)).toBe(15);
    expect(keptFiles()).toEqual([]);
  });

  it('of a backup of a newer version is refused, and changes nothing', async () => {
    await stage.closeApps();
    const newer = new Database(backup);
    newer.exec(`INSERT INTO tasks_migration (timestamp, name) VALUES (9e12, 'FromTheFuture9000000000000')`);
    newer.close();
    const { code, err } = await restore();
    expect(code).toBe(1);
    expect(err).toContain('was written by a newer version of nestjs-tasks: it has "FromTheFuture9000000000000"');
    expect(stored(file)).toBe(15);
    expect(keptFiles()).toEqual([]);
  });

  it('of a backup beside which the log of another file lies is refused, as is a backup or a check of it', async () => {
    copyFileSync(`${file}-wal`, `${backup}-wal`);
    const database = join(stage.folder, 'new.db');
    for (const command of [
      ['restore', '--from', backup, '--database', database],
      ['backup', '--database', backup, '--to', database],
      ['check', '--database', backup],
    ]) {
      const { code, err } = await cli(...command);
      expect([command[0], code, err]).toEqual([
        command[0],
        1,
        expect.stringContaining(`${backup}-wal is the log of another file`),
      ]);
    }
    expect(existsSync(database)).toBe(false);
  });
});
