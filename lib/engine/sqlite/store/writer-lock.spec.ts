import { setImmediate as turn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { until } from '../../../../test/support/until.js';
import { add, WriterSite } from '../../../../test/support/writer-site.js';
import { ownIdentity, type ProcessState } from '../process/process-identity.js';
import { type Gate, LOCK_PATIENCE_MS } from './writer.js';

const TELL_AFTER_MS = 1_000;

describe('A writer that does not get the lock', () => {
  let site: WriterSite;
  let time: StoppedTime;

  beforeEach(async () => {
    site = await WriterSite.open();
    time = new StoppedTime();
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await site.close();
  });

  const lock = (): unknown => site.other.exec('BEGIN IMMEDIATE');
  /** Has the system tell of a process that writes. */
  const tellOf = (state: ProcessState) =>
    vi.spyOn(site.connection, 'writing', 'get').mockReturnValue({ ...ownIdentity(), pid: 12, host: 'web-1', state });
  /** Resolves when the lock has been asked for so many times more. */
  const asked = async (times = 1): Promise<void> => {
    const asking = vi.spyOn(site.connection, 'assertInPlace');
    await until('it to ask for the lock', () => asking.mock.calls.length > times);
    asking.mockRestore();
  };

  it.each<[string, ProcessState | null]>([
    ['Nothing was stored, as process 12 on web-1 is in the middle of a write: another process has held', 'alive'],
    ['Nothing was stored: another process has held the write lock for too long', null],
  ])('says what was not stored, and who keeps it from that, where that is known: %s', async (said, state) => {
    if (state) tellOf(state);
    lock();
    const refused = site.writer().write(add('a'));
    time.advance(LOCK_PATIENCE_MS);
    await expect(refused).rejects.toThrow(said);
  });

  it.each<[ProcessState, string]>([
    ['alive', 'process 12 on web-1 is in the middle of a write. All processes wait for it: look what keeps it.'],
    [
      'stopped',
      'process 12 on web-1, which is stopped (SIGSTOP, or a debugger), is in the middle of a write. All processes wait for ' +
        'it: let it go on (kill -CONT 12), or end it.',
    ],
  ])('tells once, in time, of who has it, and again the next time: %s', async (state, said) => {
    tellOf(state);
    const writer = site.writer(TELL_AFTER_MS);
    for (const name of ['first', 'second']) {
      site.warnings.length = 0;
      lock();
      const waits = writer.write(add(name));
      await asked(2);
      time.advance(TELL_AFTER_MS - 1);
      await asked(2);
      expect(site.warnings).toEqual([]);
      time.advance(1);
      await asked(4);
      expect(site.warnings).toEqual([`Nothing could be written to ${site.file} for 1 s: ${said}`]);
      site.other.exec('COMMIT');
      expect(await waits).toBe(name);
    }
  });

  it('tells nothing where it is not known who has it', async () => {
    vi.spyOn(site.connection, 'writing', 'get').mockReturnValue(null);
    lock();
    const waits = site.writer(TELL_AFTER_MS).write(add('a'));
    await asked(2);
    time.advance(TELL_AFTER_MS);
    await asked(4);
    expect(site.warnings).toEqual([]);
    site.other.exec('COMMIT');
    expect(await waits).toBe('a');
  });

  it('tells nothing of who has it where the file itself is at fault', async () => {
    tellOf('alive');
    lock();
    const waits = site.writer(TELL_AFTER_MS).write(add('a'));
    const refused = expect(waits).rejects.toThrow('Nothing was stored: reading or writing the file failed');
    await asked(2);
    vi.spyOn(site.connection, 'assertInPlace').mockImplementationOnce(() => {
      throw new Database.SqliteError('gone', 'SQLITE_IOERR');
    });
    time.advance(TELL_AFTER_MS);
    await refused;
    expect(site.warnings).toEqual([]);
  });

  it('lets the core go between two turns, but only for a while, and only in a thread of its own', async () => {
    const pauses = vi.spyOn(Atomics, 'wait').mockReturnValue('timed-out');
    const asking = vi.spyOn(site.connection, 'assertInPlace');
    lock();
    const gate: Gate = { pass: (write) => write() };
    const waits = site.writer(TELL_AFTER_MS, gate).write(add('a'));
    for (let turns = 0; turns < 3; turns += 1) await turn();
    expect(pauses.mock.calls.length).toBe(asking.mock.calls.length);
    expect(pauses.mock.calls.length).toBeGreaterThan(1);
    time.advance(6);
    const [before, asks] = [pauses.mock.calls.length, asking.mock.calls.length];
    await until('more of it', () => asking.mock.calls.length > asks + 1);
    expect(pauses).toHaveBeenCalledTimes(before);
    site.other.exec('COMMIT');
    expect(await waits).toBe('a');
  });

  it('does not stop a thread that has other things to do', async () => {
    const pauses = vi.spyOn(Atomics, 'wait');
    const asking = vi.spyOn(site.connection, 'assertInPlace');
    lock();
    const waits = site.writer().write(add('a'));
    for (let turns = 0; turns < 3; turns += 1) await turn();
    expect(asking.mock.calls.length).toBeGreaterThan(1);
    expect(pauses).not.toHaveBeenCalled();
    site.other.exec('COMMIT');
    expect(await waits).toBe('a');
  });

  it('writes what its gate lets through', async () => {
    const pass = vi.fn<Gate['pass']>();
    const waits = site.writer(TELL_AFTER_MS, { pass }).write(add('a'));
    await until('it to come to the gate', () => pass.mock.calls.length > 0);
    expect(site.stored()).toEqual([]);
    pass.mock.calls[0]![0]();
    expect(await waits).toBe('a');
  });
});
