import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startKey, Starts } from './starts.js';

describe('What a process has begun', () => {
  let folder: string;
  let starts: Starts;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tasks-starts-'));
    starts = Starts.open(folder, 'one')!;
  });
  afterEach(() => {
    starts.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const file = (): string => join(folder, 'one.begun');
  const begun = (): string[] => [...Starts.read(folder, 'one')!];

  it('is nothing at first, in a file that has room and that its owner alone reads', () => {
    expect(begun()).toEqual([]);
    expect(statSync(file()).size).toBe(4_096 * 16);
    if (process.platform !== 'win32') expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it('is told by task and attempt until its place is taken by another', () => {
    const first = starts.note(1, 1);
    const second = starts.note(2 ** 40, 3);
    expect([first, second]).toEqual([0, 1]);
    expect(begun()).toEqual([startKey(1, 1), startKey(2 ** 40, 3)]);
    starts.release(first);
    // Nobody is to blame for too little: it stays until then.
    expect(begun()).toEqual(['1:1', '1099511627776:3']);
    expect(starts.note(5, 2)).toBe(first);
    expect(starts.note(6, 1)).toBe(2);
    expect(begun()).toEqual(['5:2', '1099511627776:3', '6:1']);
  });

  it('goes on beyond the room that was taken', () => {
    for (let seq = 1; seq <= 4_097; seq += 1) starts.note(seq, 1);
    expect(begun()).toHaveLength(4_097);
    expect(statSync(file()).size).toBe(4_097 * 16);
  });

  it('leaves out an entry that was not written to its end', () => {
    starts.note(1, 1);
    starts.note(2, 1);
    truncateSync(file(), 31);
    expect(begun()).toEqual(['1:1']);
    appendFileSync(file(), Buffer.alloc(1, 1));
    expect(begun()).toHaveLength(2);
  });

  it('is not known of a process that has noted nothing, or noted it where it cannot be read', () => {
    expect(Starts.read(folder, 'another')).toBeNull();
  });

  it('goes with the process, which may be told twice, and notes nothing then', () => {
    starts.close();
    expect(existsSync(file())).toBe(false);
    const other = Starts.open(folder, 'one')!;
    expect(starts.note(7, 1)).toBe(0);
    expect(starts.note(8, 1)).toBe(1);
    starts.close();
    expect(begun()).toEqual([]);
    other.close();
    expect(existsSync(file())).toBe(false);
  });

  it('is forgotten, also where it is not there', () => {
    Starts.forget(folder, 'one');
    expect(existsSync(file())).toBe(false);
    expect(() => Starts.forget(folder, 'one')).not.toThrow();
    expect(() => Starts.forget(join(file(), 'no-folder'), 'one')).not.toThrow();
  });

  it('is not noted where there is no folder', () => {
    expect(Starts.open(join(folder, 'none'), 'one')).toBeNull();
  });

  it.skipIf(!existsSync('/dev/full'))('is not noted where there is no room, and nothing is left behind', () => {
    symlinkSync('/dev/full', join(folder, 'two.begun'));
    expect(Starts.open(folder, 'two')).toBeNull();
    expect(existsSync(join(folder, 'two.begun'))).toBe(false);
  });
});
