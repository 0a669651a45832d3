import {
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OpenedLog } from './opened-log.js';

describe.skipIf(process.platform !== 'linux')('A log by a descriptor of its own', () => {
  let folder: string;
  let path: string;
  let log: OpenedLog | null;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'tasks-log-')));
    path = join(folder, 'tasks.db-wal');
    writeFileSync(path, '12345');
    log = null;
  });
  afterEach(() => {
    log?.close();
    rmSync(folder, { recursive: true });
  });

  it('is known to be in its place until it is moved or another takes it', () => {
    log = OpenedLog.of(path, statSync(path))!;
    expect(log.isInPlace()).toBe(true);
    renameSync(path, `${path}.away`);
    expect(log.isInPlace()).toBe(false);
    writeFileSync(path, '');
    expect(log.isInPlace()).toBe(false);
    rmSync(path);
    renameSync(`${path}.away`, path);
    expect(log.isInPlace()).toBe(true);
  });

  it('is measured by its last byte', () => {
    log = OpenedLog.of(path, statSync(path))!;
    expect([4, 5, 6].map((bytes) => log!.isAtLeast(bytes))).toEqual([true, true, false]);
  });

  it('is left alone where the path leads to another, or to none, or is not its own name', () => {
    const before = readdirSync('/proc/self/fd').length;
    writeFileSync(join(folder, 'other'), '');
    expect(OpenedLog.of(path, statSync(join(folder, 'other')))).toBeNull();
    expect(OpenedLog.of(path, { ...statSync(path), dev: -1 })).toBeNull();
    symlinkSync(path, join(folder, 'link'));
    expect(OpenedLog.of(join(folder, 'link'), statSync(path))).toBeNull();
    expect(OpenedLog.of(join(folder, 'none'), statSync(path))).toBeNull();
    // None of them was left open.
    expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  });

  it('is closed with it', () => {
    const before = readdirSync('/proc/self/fd').length;
    OpenedLog.of(path, statSync(path))!.close();
    expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  });
});
