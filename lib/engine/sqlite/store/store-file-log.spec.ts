import { readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogSite } from '../../../../test/support/log-site.js';
import { closeUnusedFiles } from './raw-files.js';
import { StoreFile, StoreFileGoneError } from './store-file.js';

const FRAME_BYTES = 24 + 4_096;

describe('The log of a file that is open', () => {
  let site: LogSite;
  let place: StoreFile;

  beforeEach(() => {
    site = new LogSite();
    site.commit(5);
    place = new StoreFile(site.file);
  });
  afterEach(() => {
    place.close();
    site.remove();
    closeUnusedFiles();
  });

  it('is another where it ends in what its index does not know', () => {
    const log = readFileSync(site.log);
    const other = Buffer.from(log);
    other.fill(7, other.length - FRAME_BYTES, other.length - 4_096);
    writeFileSync(site.log, other);
    expect(() => place.assertLogWhole()).toThrow(`${site.log} was overwritten while it was open`);
    writeFileSync(site.log, log);
    place.assertLogWhole();
  });

  it('is looked at by its path where the system does not tell which one is open', () => {
    place.close();
    const { size } = statSync(site.log);
    place.assertLogWhole();
    place.assertInPlace();
    truncateSync(site.log, size - 1);
    expect(() => place.assertLogWhole()).toThrow(`${site.log} was truncated while it was open`);
  });

  it('is not looked into before it has an index', () => {
    const path = `${site.file}.other`;
    writeFileSync(path, readFileSync(site.file));
    writeFileSync(`${path}-wal`, 'torn');
    const other = new StoreFile(path);
    other.assertLogWhole();
    other.close();
    rmSync(`${path}-wal`);
    writeFileSync(`${path}-shm`, Buffer.alloc(32_768));
    const another = new StoreFile(path);
    another.assertLogWhole();
    another.close();
  });

  it('is gone where a backup took the file’s place, also where SQLite has copied something meanwhile', () => {
    site.copy();
    place.assertInPlace();
    site.commit(1);
    site.copy();
    const backup = readFileSync(site.file);
    backup.writeUInt8(1, 18);
    backup.writeUInt32BE(2 ** 31, 24);
    writeFileSync(site.file, backup);
    const later = new Date(Date.now() + 60_000);
    utimesSync(site.file, later, later);
    expect(() => place.assertInPlace()).toThrow(`${site.file} was overwritten while it was open`);
  });
});

describe('What is said of a file that is gone', () => {
  it.each(['', '-wal', '-shm'])('names it, and the two to be moved away: %s', (suffix) => {
    expect(new StoreFileGoneError(`/data/my-wal.db${suffix}`, 'replaced').message).toBe(
      `/data/my-wal.db${suffix} was replaced while it was open, and what is written to it would be lost: stop every process ` +
        'that works on it, move /data/my-wal.db-wal and /data/my-wal.db-shm away, which belong to the file that was there ' +
        'before, and start again with what is there ("nestjs-tasks restore" puts a backup in its place)',
    );
  });
});
