import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { StoreError } from '../../../contract/index.js';
import { openEmptyStore } from '../../../../test/support/empty-store.js';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { until } from '../../../../test/support/until.js';
import type { Connection } from './connection.js';
import type { Committed, Transaction } from './transaction.js';
import { LOCK_PATIENCE_MS, Writer } from './writer.js';

describe('The writer of a store', () => {
  const onCommitted = vi.fn<(committed: Committed) => void>();
  const error = vi.fn<(message: string) => void>();
  const host = { inTransaction: false };
  let folder: string;
  let connection: Connection;
  let writer: Writer;
  let other: Database.Database;

  beforeEach(async () => {
    onCommitted.mockReset();
    error.mockReset();
    folder = mkdtempSync(join(tmpdir(), 'tasks-writer-'));
    const file = join(folder, 'tasks.db');
    connection = await openEmptyStore(file);
    host.inTransaction = false;
    writer = new Writer(connection, host, { log: () => undefined, warn: () => undefined, error });
    writer.listeners.add({ committed: onCommitted });
    other = new Database(file);
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    if (other.inTransaction) other.exec('ROLLBACK');
    await writer.close();
    other.close();
    await connection.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const add =
    (name: string) =>
    ({ database }: Transaction): string => {
      database.prepare('INSERT INTO tasks_queue (name) VALUES (?)').run(name);
      return name;
    };
  const stored = (): string[] => other.prepare<[], string>('SELECT name FROM tasks_queue ORDER BY name').pluck().all();

  it('commits together what is asked for in one turn, and resolves with what each operation returned', async () => {
    // A machine that is busy would take too long for one batch.
    const time = new StoppedTime();
    onTestFinished(() => time.goOn());
    const both = [writer.write(add('a')), writer.write(add('b'))];
    expect(stored()).toEqual([]);
    expect(await Promise.all(both)).toEqual(['a', 'b']);
    expect(stored()).toEqual(['a', 'b']);
    expect(onCommitted).toHaveBeenCalledTimes(1);
    expect(await writer.write(add('c'))).toBe('c');
    expect(onCommitted).toHaveBeenCalledTimes(2);
  });

  it('lets the event loop turn where a batch takes long, and commits the rest after it', async () => {
    const time = new StoppedTime();
    const slow = ({ database }: Transaction): void => {
      time.advance(20);
      add('slow')({ database } as Transaction);
    };
    const first = writer.write(slow);
    const second = writer.write(add('next'));
    await first;
    expect(stored()).toEqual(['slow']);
    await second;
    expect(stored()).toEqual(['next', 'slow']);
    expect(onCommitted).toHaveBeenCalledTimes(2);
  });

  it('fails the operation alone that spoils a batch, with its own error', async () => {
    const spoilt = writer.write(() => {
      throw new RangeError('no');
    });
    const good = [writer.write(add('a')), writer.write(add('b'))];
    await expect(spoilt).rejects.toThrow(RangeError);
    await Promise.all(good);
    expect(stored()).toEqual(['a', 'b']);
  });

  it('leaves nothing of an operation that fails', async () => {
    const half = writer.write((transaction) => {
      add('half')(transaction);
      throw new RangeError('no');
    });
    await expect(half).rejects.toThrow(RangeError);
    expect(stored()).toEqual([]);
    expect(onCommitted).not.toHaveBeenCalled();
  });

  it('lets an operation wait that meets a lock when it runs alone', async () => {
    let begun = 0;
    vi.spyOn(connection, 'assertInPlace').mockImplementation(() => {
      begun += 1;
      // Together, the one that spoils it alone, and then the other.
      if (begun === 3) other.exec('BEGIN IMMEDIATE');
    });
    const spoilt = writer.write(() => {
      throw new RangeError('no');
    });
    const good = writer.write(add('a'));
    await expect(spoilt).rejects.toThrow(RangeError);
    await until('it to ask for the lock', () => begun > 3);
    other.exec('COMMIT');
    expect(await good).toBe('a');
  });

  it('refuses, each by itself, what does not get the lock for too long', async () => {
    const time = new StoppedTime();
    other.exec('BEGIN IMMEDIATE');
    const refused = vi.fn<(error: unknown) => void>();
    const first = writer.write(add('first')).catch(refused);
    time.advance(LOCK_PATIENCE_MS / 2);
    const second = writer.write(add('second'));
    time.advance(LOCK_PATIENCE_MS / 2 - 1);
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect(refused).not.toHaveBeenCalled();
    time.advance(1);
    await first;
    expect(refused).toHaveBeenCalledWith(expect.any(StoreError));
    other.exec('COMMIT');
    expect(await second).toBe('second');
    expect(stored()).toEqual(['second']);
  });

  it('goes on after all that waited were refused', async () => {
    const time = new StoppedTime();
    other.exec('BEGIN IMMEDIATE');
    const refused = writer.write(add('a'));
    time.advance(LOCK_PATIENCE_MS);
    await expect(refused).rejects.toThrow(StoreError);
    other.exec('COMMIT');
    expect(await writer.write(add('b'))).toBe('b');
  });

  it('writes nothing while the app has a transaction open on the file', async () => {
    host.inTransaction = true;
    const waits = writer.write(add('a'));
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect(stored()).toEqual([]);
    host.inTransaction = false;
    expect(await waits).toBe('a');
  });

  it('refuses a whole batch in which the store was at fault, and runs none of it again', async () => {
    const runs = vi.fn<() => void>();
    const full = writer.write(() => {
      runs();
      throw new Database.SqliteError('database or disk is full', 'SQLITE_FULL');
    });
    const beside = writer.write(runs);
    await expect(full).rejects.toThrow(StoreError);
    await expect(beside).rejects.toThrow(StoreError);
    expect(runs).toHaveBeenCalledTimes(1);
  });

  it('refuses what is written to a file that is not in its place', async () => {
    vi.spyOn(connection, 'assertInPlace').mockImplementationOnce(() => {
      throw new Database.SqliteError('gone', 'SQLITE_IOERR');
    });
    await expect(writer.write(add('a'))).rejects.toThrow(StoreError);
    expect(await writer.write(add('b'))).toBe('b');
  });

  it('has stored what was resolved, whatever those do who are told', async () => {
    onCommitted.mockImplementation(() => {
      throw new Error('of a listener');
    });
    expect(await writer.write(add('a'))).toBe('a');
    expect(error).toHaveBeenCalledWith(expect.stringContaining('of a listener'), expect.any(String));
  });

  it('commits what waits before it closes, and takes nothing more', async () => {
    const last = writer.write(add('last'));
    expect(writer.isClosed).toBe(false);
    const closed = writer.close();
    expect(writer.isClosed).toBe(true);
    await expect(writer.write(add('late'))).rejects.toThrow('closed');
    await closed;
    expect(stored()).toEqual(['last']);
    await last;
    await writer.close();
  });
});
