import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.js';
import { wallTime } from '../../../clock/index.js';
import { folderModeOf, Heartbeat, heartbeatFolder } from './heartbeat.js';

/** Longer than any test takes: nothing beats but what is told to. */
const NEVER_MS = 3_600_000;

describe('The sign of life of a process', () => {
  let place: string;
  let folder: string;
  let heartbeat: Heartbeat | null;

  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'tasks-heart-'));
    folder = heartbeatFolder(join(place, 'tasks.db'))!;
    heartbeat = null;
  });
  afterEach(async () => {
    await heartbeat?.stop();
    rmSync(place, { recursive: true, force: true });
  });

  const file = (): string => join(folder, 'one.alive');
  const modeOf = (path: string): number => statSync(path).mode & 0o777;

  it('is kept beside the database, and nowhere for a store in memory', () => {
    expect(folder).toBe(join(place, 'tasks.db-workers'));
    expect(heartbeatFolder(':memory:')).toBeNull();
  });

  it('is there from the start, and gone at the end', async () => {
    heartbeat = Heartbeat.start(folder, 'one', NEVER_MS);
    expect(Heartbeat.read(folder, 'one')).toBe(statSync(file()).mtimeMs);
    expect(statSync(file()).size).toBe(0);
    await heartbeat.stop();
    expect(existsSync(file())).toBe(false);
    expect(Heartbeat.read(folder, 'one')).toBeNull();
  });

  it('changes with each beat of its thread, which makes anew what somebody tidied away', async () => {
    heartbeat = Heartbeat.start(folder, 'one', 5);
    utimesSync(file(), 1, 1);
    await until('a beat', () => Heartbeat.read(folder, 'one') !== 1_000);
    rmSync(folder, { recursive: true });
    await until('another file', () => existsSync(file()));
    expect(modeOf(folder)).toBe(0o700);
    expect(modeOf(file())).toBe(0o600);
    await heartbeat.stop();
    expect(existsSync(file())).toBe(false);
  });

  it('shows the time when it is told to beat, and does nothing where its file is gone', () => {
    heartbeat = Heartbeat.start(folder, 'one', NEVER_MS);
    utimesSync(file(), 1, 1);
    const before = wallTime();
    heartbeat.beat();
    const { atimeMs, mtimeMs } = statSync(file());
    // To a millisecond, as the system rounds what it is given.
    for (const time of [atimeMs, mtimeMs]) {
      expect(time).toBeGreaterThan(before - 1);
      expect(time).toBeLessThan(wallTime() + 1);
    }
    rmSync(file());
    heartbeat.beat();
    expect(existsSync(file())).toBe(false);
  });

  it('is not there in a folder that is none, and cannot be told where the system refuses to look', () => {
    writeFileSync(folder, '');
    expect(Heartbeat.read(folder, 'one')).toBeNull();
    rmSync(folder);
    mkdirSync(folder);
    expect(Heartbeat.read(folder, 'x'.repeat(1_000))).toBe('unreadable');
  });

  it('is forgotten, also where it is not there, and stays where it cannot be removed', () => {
    mkdirSync(folder);
    writeFileSync(file(), '');
    Heartbeat.forget(folder, 'one');
    Heartbeat.forget(folder, 'one');
    expect(existsSync(file())).toBe(false);
    mkdirSync(file());
    Heartbeat.forget(folder, 'one');
    expect(existsSync(file())).toBe(true);
  });

  it.skipIf(process.platform === 'win32').each([
    [0o600, 0o700, 0o600],
    [0o640, 0o750, 0o640],
    [0o644, 0o755, 0o644],
    // The mask of the process takes away that others may write.
    [0o666, 0o755, 0o644],
  ])('is open to those to whom the database is: %o', (database, ofFolder, ofFile) => {
    writeFileSync(join(place, 'tasks.db'), '');
    chmodSync(join(place, 'tasks.db'), database);
    heartbeat = Heartbeat.start(folder, 'one', NEVER_MS);
    expect(modeOf(folder)).toBe(ofFolder);
    expect(modeOf(file())).toBe(ofFile);
  });

  it.skipIf(process.platform === 'win32')('is its owner’s alone where there is no database yet', () => {
    expect(folderModeOf(folder)).toBe(0o700);
  });
});
