import { setImmediate as turn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { add, WriterSite } from '../../../../test/support/writer-site.js';
import { StoreError, type TaskEvent } from '../../../contract/index.js';
import { ownIdentity } from '../process/process-identity.js';
import { WriterBusyError } from '../process/writers-note.js';
import { StoreFileGoneError } from './store-file.js';
import type { Transaction } from './transaction.js';
import type { Writer } from './writer.js';

const TASK: TaskEvent['task'] = { id: 'a', queue: 'default', name: 'work', attempt: 1 };

describe('What a writer commits together', () => {
  let site: WriterSite;
  let writer: Writer;
  let time: StoppedTime;
  let commits: number;

  beforeEach(async () => {
    site = await WriterSite.open();
    time = new StoppedTime();
    writer = site.writer();
    commits = 0;
    writer.listeners.add({ committed: () => void (commits += 1) });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await site.close();
  });

  const taking = (milliseconds: number) => (): void => time.advance(milliseconds);
  const together = async (...operations: Array<(transaction: Transaction) => unknown>): Promise<number> => {
    commits = 0;
    await Promise.all(operations.map((operation) => writer.write(operation)));
    return commits;
  };

  it('is asked for in one turn, and is one transaction', async () => {
    const begun = vi.spyOn(site.connection, 'begin');
    expect(await together(add('a'), add('b'))).toBe(1);
    for (let turns = 0; turns < 3; turns += 1) await turn();
    expect(begun).toHaveBeenCalledTimes(1);
  });

  it('takes as long as a commit, within bounds', async () => {
    const next = (): undefined => undefined;
    expect(await together(taking(4), next)).toBe(1);
    expect(await together(taking(5), next)).toBe(2);
    const commit = vi.spyOn(site.connection, 'commit');
    const commitTakes = async (milliseconds: number): Promise<void> => {
      commit.mockImplementationOnce(() => (time.advance(milliseconds), site.connection.rollback()));
      await writer.write(next);
    };
    await commitTakes(6);
    expect(await together(taking(6), next)).toBe(1);
    await commitTakes(6);
    expect(await together(taking(7), next)).toBe(2);
    await commitTakes(60);
    expect(await together(taking(8), next)).toBe(1);
    await commitTakes(60);
    expect(await together(taking(9), next)).toBe(2);
  });

  it('runs once, where it was in time', async () => {
    const slow = vi.fn<() => void>(taking(20));
    expect(await together(slow, add('next'))).toBe(2);
    expect(slow).toHaveBeenCalledTimes(1);
  });

  it('is kept, with what came after it, where another process turns out to be writing', async () => {
    vi.spyOn(site.connection, 'commit').mockImplementationOnce(() => {
      throw new WriterBusyError(ownIdentity());
    });
    let later: Promise<unknown> | undefined;
    const first = writer.write((transaction) => {
      later ??= writer.write(add('later'));
      return add('first')(transaction);
    });
    expect(await first).toBe('first');
    await later;
    expect(site.stored()).toEqual(['first', 'later']);
  });

  it('is known not to be stored where the commit fails', async () => {
    vi.spyOn(site.connection, 'commit').mockImplementationOnce(() => {
      throw new Database.SqliteError('full', 'SQLITE_FULL');
    });
    await expect(writer.write(add('a'))).rejects.toThrow(/^Nothing was stored: the disk is full/);
  });

  it('may or may not be stored where the file was gone after the commit', async () => {
    vi.spyOn(site.connection, 'assertCommitted').mockImplementationOnce(() => {
      throw new StoreFileGoneError(site.file, 'replaced');
    });
    await expect(writer.write(add('a'))).rejects.toThrow(/^It cannot be told whether this was stored: /);
  });

  it('is refused where the file is gone as it runs alone', async () => {
    let begun = 0;
    vi.spyOn(site.connection, 'assertInPlace').mockImplementation(() => {
      begun += 1;
      // Together, the one that spoils it alone, and then the other.
      if (begun === 3) throw new StoreFileGoneError(site.file, 'replaced');
    });
    const spoilt = writer.write(() => {
      throw new RangeError('no');
    });
    const other = writer.write(add('a'));
    await expect(spoilt).rejects.toThrow(RangeError);
    await expect(other).rejects.toThrow(StoreError);
  });

  it('asks for nothing more once all is refused', async () => {
    const asked = vi.spyOn(site.connection, 'assertInPlace').mockImplementation(() => {
      throw new StoreFileGoneError(site.file, 'replaced');
    });
    await expect(writer.write(add('a'))).rejects.toThrow(StoreError);
    for (let turns = 0; turns < 3; turns += 1) await turn();
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('is told to those who hear of tasks, where something happened to one', async () => {
    const heard = vi.fn<(events: readonly TaskEvent[]) => void>();
    let noted: unknown;
    await writer.write(({ events }) => void (noted = events));
    expect(noted).toBeNull();
    writer.hearers.add(heard);
    await writer.write(add('a'));
    expect(heard).not.toHaveBeenCalled();
    await writer.write((transaction) => transaction.tell('completed', TASK));
    expect(heard.mock.calls).toEqual([[[{ event: 'completed', task: TASK }]]]);
  });

  it('takes no transaction to close where nothing waits', async () => {
    const begun = vi.spyOn(site.connection, 'begin');
    await writer.close();
    for (let turns = 0; turns < 3; turns += 1) await turn();
    expect(begun).not.toHaveBeenCalled();
  });
});
