import { copyFileSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openEmptyStore, writeEmptyStore } from '../../../../test/support/empty-store.js';
import { StoreError } from '../../../contract/index.js';
import { birthOf, ownIdentity } from '../process/process-identity.js';
import { noteFileOf, WriterBusyError } from '../process/writers-note.js';
import { Connection } from './connection.js';
import { openConnection } from './open-connection.js';
import { connectTo } from './open-file.js';
import { StoreFileGoneError } from './store-file.js';

describe('A connection to a store', () => {
  let folder: string;
  let file: string;
  let connection: Connection;

  beforeEach(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'tasks-faults-')));
    file = join(folder, 'tasks.db');
    connection = await openEmptyStore(file);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await connection.close().catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  });

  const count = (): Promise<unknown> =>
    connection.read((database) => database.prepare('SELECT count(*) FROM tasks_task').pluck().get());

  it('reads, again where somebody holds the file at that moment, and passes on what is wrong with the query', async () => {
    expect(await count()).toBe(0);
    const query = vi
      .fn(() => 'read')
      .mockImplementationOnce(() => {
        throw new Database.SqliteError('locked', 'SQLITE_BUSY');
      });
    expect(await connection.read(query)).toBe('read');
    const broken = connection.read(() => {
      throw new RangeError('no');
    });
    await expect(broken).rejects.toThrow(RangeError);
  });

  it('refuses to read a file that is not in its place', async () => {
    renameSync(file, `${file}.away`);
    const reading = connection.read(() => 'read');
    await expect(reading).rejects.toThrow(StoreError);
    await expect(reading).rejects.toThrow(`Cannot read the task store: ${file} was deleted or moved away`);
    expect(() => connection.assertCommitted()).toThrow(StoreFileGoneError);
    renameSync(`${file}.away`, file);
    expect(await count()).toBe(0);
  });

  it('rolls back also where SQLite has done so itself', () => {
    connection.begin();
    connection.database.exec('ROLLBACK');
    connection.rollback();
    connection.begin();
    connection.commit();
  });

  it('knows which other process writes, and does not begin until that has come to its end', () => {
    expect(connection.writing).toBeNull();
    const other = { ...ownIdentity(), pid: process.ppid, pidBirth: birthOf(process.ppid) };
    writeFileSync(noteFileOf(file)!, `+${JSON.stringify(other)}`.padEnd(1_024));
    expect(connection.writing).toMatchObject({ pid: process.ppid, state: 'alive' });
    expect(() => connection.begin()).toThrow(WriterBusyError);
    expect(connection.database.inTransaction).toBe(false);
    writeFileSync(noteFileOf(file)!, '-'.padEnd(1_024));
    expect(connection.writing).toBeNull();
  });

  it('opens nothing where there is none', async () => {
    await expect(connectTo(join(folder, 'none.db'))).rejects.toThrow('unable to open database file');
  });

  it('is given up where the file is another each time that it is opened', async () => {
    const path = join(folder, 'other.db');
    await writeEmptyStore(path);
    const end = vi.fn<() => void>();
    const connect = vi.fn(async () => {
      const { database } = await connectTo(path);
      copyFileSync(path, `${path}.new`);
      renameSync(`${path}.new`, path);
      return { database, end: () => (end(), void database.close()) };
    });
    const opening = { path, synchronous: 'full', connect, migrate: async () => undefined, logger: console } as const;
    await expect(Connection.open(opening)).rejects.toThrow(`${path} was replaced again and again`);
    expect([connect.mock.calls.length, end.mock.calls.length]).toEqual([3, 3]);
    connect.mockReset();
    connect.mockRejectedValue(new RangeError('no'));
    await expect(Connection.open(opening)).rejects.toThrow(`Cannot open the task store ${path}: no`);
    expect(connect).toHaveBeenCalledTimes(1);
  });

  it('takes no file where it is in memory', async () => {
    const memory = await openConnection(':memory:', 'full');
    memory.begin();
    memory.rollback();
    memory.begin();
    memory.commit();
    memory.assertCommitted();
    memory.assertInPlace();
    expect([memory.isReady(), memory.writing]).toEqual([true, null]);
    expect(await memory.read(() => 'read')).toBe('read');
    await memory.close();
  });
});
