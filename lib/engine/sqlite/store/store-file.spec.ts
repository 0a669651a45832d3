import {
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogSite } from '../../../../test/support/log-site.js';
import { closeUnusedFiles } from './raw-files.js';
import { StoreFile, StoreFileGoneError } from './store-file.js';

describe('A file that is open', () => {
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

  const check = (): void => {
    place.assertLogWhole();
    place.assertInPlace();
  };
  const asLater = (seconds: number): void => {
    const later = new Date(Date.now() + seconds * 1_000);
    utimesSync(site.file, later, later);
  };

  it('is in its place while SQLite alone works on it', () => {
    check();
    for (let round = 0; round < 3; round += 1) {
      site.commit(3);
      check();
      site.copy(round === 1 ? 'RESTART' : 'PASSIVE');
      check();
      site.change();
      check();
      asLater(60 * (round + 1));
      check();
    }
    site.copy('TRUNCATE');
    check();
    site.commit(1);
    check();
  });

  it('may be made smaller by a VACUUM', () => {
    site.commit(50);
    site.copy('TRUNCATE');
    check();
    const { size } = statSync(site.file);
    site.database.exec('DELETE FROM filler WHERE rowid > 3');
    site.database.exec('VACUUM');
    site.copy('TRUNCATE');
    expect(statSync(site.file).size).toBeLessThan(size);
    check();
  });

  it.each(['', '-wal', '-shm'])('is refused where it was moved away, until it is back: %s', (suffix) => {
    const path = site.file + suffix;
    renameSync(path, `${path}.away`);
    expect(() => place.assertInPlace()).toThrow(StoreFileGoneError);
    expect(() => place.assertInPlace()).toThrow(`${path} was deleted or moved away while it was open`);
    expect(() => place.assertInPlace()).toThrow(/: put the file back, or restart the process/);
    renameSync(`${path}.away`, path);
    check();
  });

  it.each(['', '-wal', '-shm'])('is refused where another has its place: %s', (suffix) => {
    const path = site.file + suffix;
    copyFileSync(path, `${path}.new`);
    renameSync(`${path}.new`, path);
    expect(() => place.assertInPlace()).toThrow(`${path} was replaced while it was open`);
    expect(() => place.assertInPlace()).toThrow(
      `stop every process that works on it, move ${site.file}-wal and ${site.file}-shm away`,
    );
  });

  it('is looked at without its log, too', () => {
    rmSync(site.log);
    place.assertItselfInPlace();
    expect(() => place.assertInPlace()).toThrow('was deleted');
  });

  it('has a log that is as long as its index says', () => {
    const { size } = statSync(site.log);
    place.assertLogWhole();
    truncateSync(site.log, size - 1);
    expect(() => place.assertLogWhole()).toThrow(`${site.log} was truncated while it was open`);
    truncateSync(site.log, size);
    place.assertLogWhole();
    rmSync(site.log);
    // That its path leads to nothing is for another look to tell.
    place.assertLogWhole();
    place.close();
    expect(() => place.assertLogWhole()).toThrow('was truncated');
  });

  it('has a log of nothing where that has begun anew', () => {
    site.copy('TRUNCATE');
    place.assertLogWhole();
    expect(statSync(site.log).size).toBe(0);
  });

  it('has an index that is whole', () => {
    truncateSync(site.index, 100);
    expect(() => place.assertLogWhole()).toThrow(`${site.index} was truncated while it was open`);
  });

  it('may get its log later', () => {
    const path = `${site.file}.other`;
    writeFileSync(path, readFileSync(site.file));
    const other = new StoreFile(path);
    other.assertInPlace();
    other.assertLogWhole();
    writeFileSync(`${path}-wal`, '');
    writeFileSync(`${path}-shm`, Buffer.alloc(32_768));
    other.assertInPlace();
    rmSync(`${path}-wal`);
    expect(() => other.assertInPlace()).toThrow(`${path}-wal was deleted`);
    other.close();
  });

  it('is refused where it was cut off, from then on', () => {
    site.copy();
    check();
    truncateSync(site.file, 4_096);
    expect(() => place.assertInPlace()).toThrow(`${site.file} was truncated while it was open`);
    site.commit(10);
    site.copy();
    expect(() => place.assertInPlace()).toThrow('was truncated');
  });

  it('is refused where there is not even a header left', () => {
    site.copy();
    check();
    truncateSync(site.file, 50);
    asLater(60);
    expect(() => place.assertInPlace()).toThrow('was truncated');
  });

  describe('over which another was copied', () => {
    /** As a copy of it looked before: with a log that belongs to it. */
    let before: Buffer;

    beforeEach(() => {
      site.copy('TRUNCATE');
      before = readFileSync(site.file);
      site.commit(5);
      site.change();
    });

    function overwrite(bytes: Buffer): void {
      writeFileSync(site.file, bytes);
      asLater(60);
    }

    it('is refused where what was copied has changed less often', () => {
      site.copy();
      check();
      overwrite(Buffer.concat([before, Buffer.alloc(statSync(site.file).size)]));
      expect(() => place.assertInPlace()).toThrow(`${site.file} was overwritten while it was open`);
    });

    it('is refused for that also where SQLite has copied something meanwhile', () => {
      site.copy();
      check();
      site.commit(1);
      site.copy();
      const other = readFileSync(site.file);
      other.writeUInt32BE(0, 24);
      overwrite(other);
      expect(() => place.assertInPlace()).toThrow('was overwritten');
    });

    it('is refused where it has no log, as a backup has none', () => {
      check();
      const backup = readFileSync(site.file);
      backup.writeUInt8(1, 18);
      backup.writeUInt32BE(2 ** 31, 24);
      overwrite(backup);
      expect(() => place.assertInPlace()).toThrow('was overwritten');
    });

    it('is refused where its header is another while nobody has copied anything from the log', () => {
      check();
      const other = readFileSync(site.file);
      other.writeUInt32BE(other.readUInt32BE(24) + 1, 24);
      overwrite(other);
      expect(() => place.assertInPlace()).toThrow('was overwritten');
    });

    it('is refused where a page is another that was copied from the log', () => {
      site.copy();
      check();
      const other = readFileSync(site.file);
      other.fill(7, other.length - 4_096);
      overwrite(other);
      expect(() => place.assertInPlace()).toThrow('was overwritten');
    });

    it('is not refused where what was copied is what it was', () => {
      site.copy();
      check();
      overwrite(readFileSync(site.file));
      check();
    });

    it('has its log put aside before it is closed', () => {
      site.copy();
      site.commit(2);
      check();
      const log = readFileSync(site.log);
      overwrite(Buffer.concat([before, Buffer.alloc(statSync(site.file).size)]));
      place.partFromLog();
      expect(readFileSync(`${site.log}.of-what-was-overwritten`)).toEqual(log);
      expect(statSync(site.log).size).toBe(0);
    });
  });

  it('keeps its log where it is in its place, or has another fault', () => {
    const { size } = statSync(site.log);
    place.partFromLog();
    renameSync(site.file, `${site.file}.away`);
    place.partFromLog();
    expect(statSync(site.log).size).toBe(size);
    expect(existsSync(`${site.log}.of-what-was-overwritten`)).toBe(false);
  });
});
