import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { birthOf, ownIdentity, type ProcessIdentity } from './process-identity.js';
import { noteFileOf, WriterBusyError, WritersNote } from './writers-note.js';

describe('The note of who is writing', () => {
  let folder: string;
  let path: string;
  let note: WritersNote;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-note-'));
    path = join(folder, 'tasks.db');
    writeFileSync(path, '');
    note = new WritersNote(path);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    note.close();
    rmSync(folder, { recursive: true });
  });

  const file = (): string => join(`${path}-workers`, 'writer');
  /** As another process leaves it. */
  function noteOf(changes: Partial<ProcessIdentity>): void {
    writeFileSync(file(), `+${JSON.stringify({ ...ownIdentity(), ...changes })}`.padEnd(1_024));
  }

  it('is taken, and given back', () => {
    note.take();
    expect(() => note.assertMine()).not.toThrow();
    expect(readFileSync(file(), 'utf8')).toMatch(/^\+/);
    note.give();
    expect(readFileSync(file(), 'utf8')).toMatch(/^-/);
  });

  it('is left to a process that lives, and given away to nobody', () => {
    noteOf({ pid: process.ppid, pidBirth: null });
    expect(() => note.take()).toThrow(WriterBusyError);
    note.give();
    expect(note.writing()).toMatchObject({ pid: process.ppid, state: 'unknown' });
    expect(readFileSync(file(), 'utf8')).toMatch(/^\+/);
  });

  it('is taken from a process that is gone', () => {
    noteOf({ pidBirth: '1' });
    note.take();
    expect(() => note.assertMine()).not.toThrow();
  });

  it('is taken after two seconds from a process of which nothing can be told, unless it has gone on writing', () => {
    const time = new StoppedTime();
    const elsewhere = { pidSpace: 'another container' };
    noteOf(elsewhere);
    expect(() => note.take()).toThrow(/is in the middle of a commit/);
    time.advance(1_900);
    noteOf({ ...elsewhere, host: 'elsewhere' });
    expect(() => note.take()).toThrow(/on elsewhere is in the middle of a commit/);
    time.advance(1_900);
    expect(() => note.take()).toThrow(WriterBusyError);
    time.advance(200);
    note.take();
    expect(() => note.assertMine()).not.toThrow();
  });

  it('says so where another process took it meanwhile', () => {
    note.take();
    noteOf({ pid: 1, host: 'other' });
    expect(() => note.assertMine()).toThrow(/process 1 on other/);
  });

  it('is made anew where somebody tidied up', () => {
    rmSync(`${path}-workers`, { recursive: true });
    note.renew();
    note.take();
    expect(readFileSync(file(), 'utf8')).toMatch(/^\+/);
  });

  it('is not looked into where it is free, its own, or no note', () => {
    expect(note.writing()).toBeNull();
    writeFileSync(file(), '-'.padEnd(1_024));
    expect(note.writing()).toBeNull();
    writeFileSync(file(), '+{"pid":'.padEnd(1_024));
    expect(note.writing()).toBeNull();
    noteOf({});
    expect(note.writing()).toBeNull();
    note.take();
    expect(note.writing()).toBeNull();
    noteOf({ pid: process.ppid, pidBirth: null });
    expect(note.writing()).toMatchObject({ pid: process.ppid });
    truncateSync(file(), 100);
    expect(note.writing()).toBeNull();
  });

  it('is another process by its number, its beginning or where that number counts', () => {
    const { pid, pidSpace } = ownIdentity();
    noteOf({ pidSpace: `${pidSpace} elsewhere` });
    expect(note.writing()).toMatchObject({ pid, state: 'unknown' });
    noteOf({ pidBirth: null });
    expect(note.writing()).toMatchObject({ pid, state: 'unknown' });
    noteOf({ pid: process.ppid, pidBirth: birthOf(process.ppid) });
    expect(note.writing()).toMatchObject({ pid: process.ppid, state: 'alive' });
  });

  it('is believed for two seconds and no longer', () => {
    const time = new StoppedTime();
    noteOf({ pidSpace: 'another container' });
    expect(note.writing()).not.toBeNull();
    time.advance(2_000);
    expect(note.writing()).not.toBeNull();
    time.advance(1);
    expect(note.writing()).toBeNull();
  });

  it('differs from one commit to the next', () => {
    const other = new WritersNote(path);
    try {
      note.take();
      note.give();
      note.take();
      other.take();
      expect(() => note.assertMine()).toThrow(expect.objectContaining({ code: 'SQLITE_BUSY_WRITER' }));
      expect(() => note.assertMine()).toThrow(`process ${process.pid} on`);
      note.give();
      expect(() => other.assertMine()).not.toThrow();
    } finally {
      other.close();
    }
  });

  describe('that could not be given back', () => {
    let standing: string;

    beforeEach(() => {
      note.take();
      standing = readFileSync(file(), 'latin1');
      truncateSync(file(), 0);
      note.give();
    });
    const stands = (): string => readFileSync(file(), 'latin1').slice(0, 1);
    const put = (text: string): void => writeFileSync(file(), text, 'latin1');

    it('is given back as soon as it can be, and once', () => {
      note.renew();
      put(standing);
      note.renew();
      expect(stands()).toBe('-');
      put(standing);
      note.renew();
      expect(stands()).toBe('+');
    });

    it('is left to a process that has it by then', () => {
      noteOf({ pid: process.ppid });
      note.renew();
      expect(stands()).toBe('+');
      put(standing);
      note.renew();
      expect(stands()).toBe('+');
    });

    it('is nobody any more where it is no note', () => {
      put('?'.padEnd(1_024));
      note.renew();
      expect(stands()).toBe('?');
      put(standing);
      note.renew();
      expect(stands()).toBe('+');
    });

    it('is given back by the next commit, and not while that goes on', () => {
      put(standing);
      note.take();
      note.renew();
      expect(stands()).toBe('+');
      note.give();
      expect(stands()).toBe('-');
      put(standing);
      note.renew();
      expect(stands()).toBe('+');
    });
  });

  it('is given back where nobody has taken it: not at all', () => {
    note.take();
    const standing = readFileSync(file(), 'latin1');
    note.give();
    writeFileSync(file(), standing, 'latin1');
    note.give();
    expect(readFileSync(file(), 'latin1')).toBe(standing);
    note.renew();
    expect(readFileSync(file(), 'latin1')).toBe(standing);
    truncateSync(file(), 0);
    note.give();
    writeFileSync(file(), standing, 'latin1');
    note.renew();
    expect(readFileSync(file(), 'latin1')).toBe(standing);
  });

  it.skipIf(process.platform !== 'linux')('is done without on a full disk, until there is room', () => {
    note.close();
    rmSync(file());
    symlinkSync('/dev/full', file());
    note.renew();
    note.take();
    expect(() => note.assertMine()).not.toThrow();
    note.give();
    note.renew();
    rmSync(file());
    note.close();
    note.renew();
    note.take();
    expect(readFileSync(file(), 'utf8')).toMatch(/^\+/);
  });

  it.skipIf(process.platform !== 'linux')('is open to those to whom the store is, and held by one descriptor', () => {
    const held = (): number =>
      readdirSync('/proc/self/fd').filter((descriptor) => linkOf(`/proc/self/fd/${descriptor}`) === file()).length;
    expect(statSync(file()).mode & 0o777).toBe(0o644);
    note.renew();
    expect(held()).toBe(1);
    const { ino } = statSync(file());
    note.renew();
    expect(statSync(file()).ino).toBe(ino);
    note.close();
    expect(held()).toBe(0);
    note.close();
    rmSync(`${path}-workers`, { recursive: true });
    chmodSync(path, 0o600);
    note.renew();
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(`${path}-workers`).mode & 0o777).toBe(0o700);
  });

  it('is kept in a folder that is there, and beside a store that others can open', () => {
    const other = join(folder, 'other.db');
    mkdirSync(`${other}-workers`);
    new WritersNote(other).close();
    expect(readdirSync(`${other}-workers`)).toEqual(['writer']);
    expect(noteFileOf(other)).toBe(join(`${other}-workers`, 'writer'));
    expect(noteFileOf(':memory:')).toBeNull();
    const none = new WritersNote(':memory:');
    none.take();
    expect(() => none.assertMine()).not.toThrow();
    none.give();
    none.renew();
    none.close();
  });

  it('is done without where there is no place for it', () => {
    note.close();
    rmSync(`${path}-workers`, { recursive: true });
    writeFileSync(`${path}-workers`, '');
    note.renew();
    note.take();
    expect(() => note.assertMine()).not.toThrow();
    note.give();
  });
});

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
