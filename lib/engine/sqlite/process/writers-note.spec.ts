import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { ownIdentity, type ProcessIdentity } from './process-identity.js';
import { WriterBusyError, WritersNote } from './writers-note.js';

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
    expect(note.writing).toBeTruthy();
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
