import { mkdtempSync, readFileSync, realpathSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openEmptyStore } from '../../../../test/support/empty-store.js';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { until } from '../../../../test/support/until.js';
import { StoreError } from '../../../contract/index.js';
import type { Connection } from './connection.js';

describe.skipIf(process.platform !== 'linux')('A connection whose locks were lost', () => {
  let folder: string;
  let file: string;
  let connection: Connection;
  let time: StoppedTime;
  const warnings: string[] = [];

  beforeEach(async () => {
    warnings.length = 0;
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'tasks-reopening-')));
    file = join(folder, 'tasks.db');
    connection = await openEmptyStore(file, (message) => void warnings.push(message));
    time = new StoppedTime();
    expect(connection.isReady()).toBe(true);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await connection.close().catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  });

  const count = (): Promise<unknown> =>
    connection.read((database) => database.prepare('SELECT count(*) FROM tasks_task').pluck().get());
  const lose = (): void => {
    readFileSync(file);
    time.advance(100);
  };

  it('sees that in time, takes them anew, and says so once in a while', async () => {
    const before = connection.database;
    const release = vi.fn(async () => undefined);
    connection.onRelease(release);
    readFileSync(file);
    time.advance(99);
    expect(connection.isReady()).toBe(true);
    time.advance(1);
    expect(connection.isReady()).toBe(false);
    // Until they are taken.
    expect(connection.isReady()).toBe(false);
    expect(() => connection.assertInPlace()).toThrow(
      expect.objectContaining({
        code: 'SQLITE_BUSY_REOPENING',
        message: 'locks that were lost are being taken anew',
      }) as Error,
    );
    expect(await count()).toBe(0);
    expect(connection.database).not.toBe(before);
    expect(release).toHaveBeenCalledTimes(1);
    expect(warnings).toEqual([
      `${file} was read by this process in another way than through SQLite (fs.readFile, fs.copyFile): when that was ` +
        "closed, the system dropped SQLite's locks, which keep processes from writing at the same time. They were taken " +
        'anew, and nothing is lost. Copy the file with "nestjs-tasks backup" or backupTasks(), which read through SQLite.',
    ]);
    connection.begin();
    connection.commit();
    time.advance(59_799);
    lose();
    expect(await count()).toBe(0);
    expect(warnings).toHaveLength(1);
    lose();
    expect(await count()).toBe(0);
    expect(warnings).toHaveLength(1);
    lose();
    expect(await count()).toBe(0);
    expect(warnings).toHaveLength(2);
  });

  it('looks for its log anew, which the last to close the file has taken away', async () => {
    readFileSync(file);
    rmSync(`${file}-wal`);
    expect(() => connection.assertInPlace()).toThrow('taken anew');
    expect(await count()).toBe(0);
    expect(warnings).toHaveLength(1);
  });

  it('is lost for good where they cannot be taken', async () => {
    connection.onRelease(() => Promise.reject(new Error('it stays open')));
    lose();
    expect(connection.isReady()).toBe(false);
    await expect(count()).rejects.toThrow(
      /closed, the system dropped .* They could not be taken anew: it stays open\. Restart the process\. Copy the file/,
    );
    expect(connection.isReady()).toBe(false);
    const error = await until('the error', () => thrown(() => connection.assertInPlace()));
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ cause: { message: 'it stays open' }, message: warnings[0] });
  });

  it('says what was done to the file by whoever has lost them', () => {
    connection.begin();
    connection.database.exec('CREATE TABLE filler AS SELECT randomblob(50000)');
    connection.commit();
    connection.database.pragma('wal_checkpoint(TRUNCATE)');
    connection.assertInPlace();
    truncateSync(file, 8_192);
    lose();
    expect(connection.isReady()).toBe(false);
    expect(() => connection.assertInPlace()).toThrow(`${file} was truncated while it was open`);
    expect(warnings).toEqual([]);
  });
});

function thrown(run: () => void): unknown {
  try {
    run();
    return null;
  } catch (error) {
    return error;
  }
}
