import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../lib/contract/index.js';
import { backupTasks } from '../../lib/engine/sqlite/backup/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { enqueue, Stage } from '../kill/support/stage.js';

let stage: Stage;
let tasks: TaskDispatcher;
let file: string;

beforeEach(async () => {
  stage = new Stage('');
  tasks = await stage.startApp();
  file = stage.databaseFile;
  await store(20);
});
afterEach(() => stage.remove());

async function store(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await enqueue(tasks, 'quick', {});
}

async function refusal(action: Promise<unknown>): Promise<string> {
  const error: unknown = await action.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StoreError);
  return (error as Error).message;
}

/** What is in a file, which must be sound. */
function stored(path: string): number {
  const database = new Database(path, { readonly: true });
  try {
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    return database.prepare<[], number>('SELECT count(*) FROM tasks_task').pluck().get()!;
  } finally {
    database.close();
  }
}

function checkpoint(kind = 'PASSIVE'): void {
  const database = new Database(file);
  database.pragma(`wal_checkpoint(${kind})`);
  database.close();
}

describe('Beside a file that is open', () => {
  const faults: Record<string, [(path: string) => void, string]> = {
    removed: [(path) => rmSync(path), 'was deleted or moved away while it was open'],
    'moved away': [(path) => renameSync(path, `${path}.away`), 'was deleted or moved away while it was open'],
    replaced: [
      (path) => {
        writeFileSync(`${path}.new`, '');
        renameSync(`${path}.new`, path);
      },
      'was replaced while it was open',
    ],
  };

  it.each(['-wal', '-shm'].flatMap((suffix) => Object.keys(faults).map((fault) => [suffix, fault] as const)))(
    'the %s that is %s has every call refused at once',
    async (suffix, fault) => {
      const [make, message] = faults[fault]!;
      make(file + suffix);
      expect(await refusal(enqueue(tasks, 'quick', {}))).toContain(`${file}${suffix} ${message}`);
      expect(await refusal(tasks.list())).toContain(message);
    },
  );

  it('the -wal that is cut off has every write refused at once', async () => {
    truncateSync(`${file}-wal`, Math.floor(statSync(`${file}-wal`).size / 2));
    expect(await refusal(enqueue(tasks, 'quick', {}))).toMatch(/-wal was truncated while it was open|damaged/);
  });

  it.each(['bytes of anything', 'the log of another file', 'an older one of its own'])(
    'the -wal that is overwritten by %s has every write refused, and is not written into the file',
    async (what) => {
      checkpoint('TRUNCATE');
      await store(5);
      const log = `${file}-wal`;
      const older = join(stage.folder, 'older-wal');
      copyFileSync(log, older);
      await store(3);
      const { size } = statSync(log);
      if (what === 'an older one of its own') checkpoint('RESTART');
      if (what === 'an older one of its own') await store(3);
      if (what === 'bytes of anything') writeFileSync(older, Buffer.alloc(size, 'anything'));
      if (what === 'the log of another file') {
        const other = await stage.startApp({ database: join(stage.folder, 'other.db') });
        for (let index = 0; index < 20; index += 1) await enqueue(other, 'quick', {});
        copyFileSync(join(stage.folder, 'other.db-wal'), older);
      }
      // As long as it was at least: a shorter one is taken for one that was cut off.
      execFileSync('sh', ['-c', `dd if=${older} of=${log} conv=notrunc 2>&1`]);
      expect(await refusal(enqueue(tasks, 'quick', {}))).toContain(`${log} was overwritten while it was open`);
      await stage.closeApps();
      expect(stored(file)).toBeGreaterThanOrEqual(20);
      expect(existsSync(`${log}.of-what-was-overwritten`)).toBe(true);
    },
  );

  it('the -wal that is put back is gone on with, and nothing is lost', async () => {
    renameSync(`${file}-wal`, `${file}.away`);
    await refusal(enqueue(tasks, 'quick', {}));
    renameSync(`${file}.away`, `${file}-wal`);
    await store(1);
    await stage.closeApps();
    expect(stored(file)).toBe(21);
  });
});

describe('A backup', () => {
  let backup: string;

  beforeEach(async () => {
    backup = join(stage.folder, 'backup.db');
    await backupTasks({ database: file, to: backup });
    await store(30);
  });

  it('that is copied over the file under the app is noticed, and is what a restart begins with', async () => {
    copyFileSync(backup, file);
    const message = await refusal(enqueue(tasks, 'quick', {}));
    expect(message).toContain(`${file} was overwritten while it was open`);
    for (const part of [`${file}-wal`, `${file}-shm`, 'nestjs-tasks restore']) expect(message).toContain(part);
    expect(await refusal(enqueue(tasks, 'quick', {}))).toContain('was overwritten');
    await stage.closeApps();
    expect(stored(file)).toBe(20);
    tasks = await stage.startApp();
    await store(1);
    await stage.closeApps();
    expect(stored(file)).toBe(21);
  });

  it.each(['moved', 'copied'])('that is %s to where the log of another file lies is not mixed with it', async (way) => {
    // As a process leaves them that was killed.
    const [left, log] = [join(stage.folder, 'left.db'), join(stage.folder, 'left.db-wal')];
    copyFileSync(file, left);
    copyFileSync(`${file}-wal`, log);
    // That of the file itself may begin anew: to copy the file has the app lose its locks.
    const { size } = statSync(log);
    if (way === 'moved') renameSync(backup, left);
    else copyFileSync(backup, left);
    expect(await refusal(stage.startApp({ database: left }))).toContain(`${log} is the log of another file`);
    expect(statSync(log).size).toBe(size);
    rmSync(log);
    await stage.startApp({ database: left });
    await stage.closeApps();
    expect(stored(left)).toBe(20);
  });

  /** Copies of an open file that look like one that a log belongs to. */
  const copies: Record<string, (to: string) => Promise<unknown>> = {
    'cp of an open file': async (to) => {
      checkpoint();
      execFileSync('cp', [file, to]);
    },
    'the backup of SQLite': async (to) => {
      const database = new Database(file, { readonly: true });
      await database.backup(to);
      database.close();
    },
  };

  describe.each(Object.keys(copies))('by %s', (way) => {
    beforeEach(async () => {
      backup = join(stage.folder, 'copy.db');
      await copies[way]!(backup);
      // What SQLite has in the file and in the log is younger than the copy, as days later.
      for (const pages of [500, 200]) {
        await tasks.queueMany(
          'work',
          'quick',
          Array.from({ length: pages }, () => ({ text: 'x'.repeat(4_000) })),
        );
        checkpoint('TRUNCATE');
      }
      await store(3);
    });

    it.each(['idle', 'busy'])('that is copied over the file under an app that is %s is noticed', async (how) => {
      // What SQLite itself does to the file hides what others do.
      if (how === 'busy') checkpoint();
      execFileSync('cp', [backup, file]);
      expect(await refusal(enqueue(tasks, 'quick', {}))).toMatch(/was (overwritten|truncated) while it was open/);
      await stage.closeApps();
    });

    it.each(['cp', 'cp -p'])('that %s puts to where the log of another file lies is refused', async (command) => {
      const left = join(stage.folder, 'left.db');
      for (const suffix of ['', '-wal', '-shm']) execFileSync('cp', ['-p', file + suffix, left + suffix]);
      // Some of the log is in the file already.
      checkpoint();
      if (command === 'cp -p')
        for (const suffix of ['', '-wal', '-shm']) execFileSync('cp', ['-p', file + suffix, left + suffix]);
      execFileSync('sh', ['-c', `sleep 0.02 && ${command} ${backup} ${left}`]);
      expect(await refusal(stage.startApp({ database: left }))).toContain(`${left}-wal is the log of another file`);
    });
  });

  it('is not suspected where somebody touches the file', async () => {
    const later = new Date(Date.now() + 60_000);
    utimesSync(file, later, later);
    await store(1);
    checkpoint();
    utimesSync(file, later, new Date(Date.now() + 120_000));
    await store(1);
  });

  it('is not suspected where somebody reads for long: pages that changed again meanwhile are not copied', async () => {
    checkpoint('TRUNCATE');
    await store(1);
    const reader = new Database(file, { readonly: true });
    reader.exec('BEGIN; SELECT count(*) FROM tasks_task');
    await store(5);
    checkpoint();
    // As a process leaves them that was killed.
    const left = join(stage.folder, 'left.db');
    for (const suffix of ['', '-wal', '-shm']) execFileSync('cp', ['-p', file + suffix, left + suffix]);
    await stage.startApp({ database: left });
    const later = new Date(Date.now() + 60_000);
    utimesSync(file, later, later);
    await store(1);
    reader.close();
    await stage.closeApps();
    expect(stored(left)).toBe(56);
    expect(stored(file)).toBe(57);
  });

  it('is not needed for a file that its own log lies beside, however much of it is in the file', async () => {
    for (const order of [
      ['', '-wal'],
      ['', '-wal', '-shm'],
    ]) {
      checkpoint();
      await store(1);
      const left = join(stage.folder, `left${order.length}${order[0]}.db`);
      for (const suffix of order) execFileSync('cp', [file + suffix, left + suffix]);
      await stage.startApp({ database: left });
    }
    await stage.closeApps();
  });

  it('is not needed for a file that is younger than its log where somebody says that they belong together', async () => {
    checkpoint('TRUNCATE');
    await store(1);
    const left = join(stage.folder, 'left.db');
    copyFileSync(`${file}-wal`, `${left}-wal`);
    execFileSync('sh', ['-c', `sleep 0.02 && cp ${file} ${left}`]);
    expect(await refusal(stage.startApp({ database: left }))).toContain(`"touch ${left}-wal"`);
    execFileSync('touch', [`${left}-wal`]);
    await stage.startApp({ database: left });
  });

  it('is not needed for a file that its own log lies beside', async () => {
    const left = join(stage.folder, 'left.db');
    copyFileSync(file, left);
    copyFileSync(`${file}-wal`, `${left}-wal`);
    await stage.startApp({ database: left });
    await stage.closeApps();
    expect(stored(left)).toBe(50);
  });
});
