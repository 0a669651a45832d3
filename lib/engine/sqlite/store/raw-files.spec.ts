import { existsSync, fstatSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogSite } from '../../../../test/support/log-site.js';
import { closeUnusedFiles, FileHeader, LogIndex, readAt, statOf } from './raw-files.js';

describe('Files of a store as bytes', () => {
  let site: LogSite;

  beforeEach(() => {
    site = new LogSite();
    site.commit(3);
  });
  afterEach(() => {
    site.remove();
    closeUnusedFiles();
  });

  const header = (): FileHeader => FileHeader.read(site.file, statSync(site.file))!;
  const index = (): LogIndex => LogIndex.read(site.index, statSync(site.index))!;

  it.each([512, 4_096, 65_536])('have a header that says how long the file is: pages of %i', (pageBytes) => {
    site.remove();
    site = new LogSite(pageBytes);
    site.commit(3);
    site.copy();
    expect(header().size).toBe(statSync(site.file).size);
    expect(index().pageBytes).toBe(pageBytes);
  });

  it('have a header that changes with the file, and says whether a log belongs to it', () => {
    site.copy();
    const before = header();
    expect(before.hasLog).toBe(true);
    expect(before.equals(header())).toBe(true);
    site.commit(1);
    site.copy();
    expect(before.equals(header())).toBe(false);
    expect(header().changes).toBe(readFileSync(site.file).readUInt32BE(24));
    site.database.pragma('journal_mode = DELETE');
    expect(header().hasLog).toBe(false);
  });

  it('are too short for a header, or not there', () => {
    truncateSync(site.index, 135);
    expect(LogIndex.read(site.index, statSync(site.index))).toBeNull();
    expect(statOf(`${site.file}.none`)).toBeNull();
    expect(statOf(site.file)?.ino).toBe(statSync(site.file).ino);
  });

  it('have an index of the log that counts what is in it, and what was copied', () => {
    const { frames, salts } = index();
    expect(frames).toBeGreaterThan(3);
    expect((statSync(site.log).size - 32) / (24 + 4_096)).toBe(frames);
    expect(index().copied).toBe(0);
    const before = index();
    expect(before.isSameAs(index())).toBe(true);
    site.commit(1);
    expect(before.isSameAs(index())).toBe(false);
    expect(before.isSameCopy(index())).toBe(true);
    site.copy();
    expect(index().copied).toBe(index().frames);
    expect(before.isSameCopy(index())).toBe(false);
    expect(index().isCopying).toBe(false);
    expect(index().salts).toEqual(salts);
    site.commit(1);
    expect(index().salts).not.toEqual(salts);
    expect(index().salts).toHaveLength(8);
  });

  it('are read from a place on, by a descriptor that is kept', () => {
    const stats = statSync(site.file);
    expect(readAt(site.file, stats, 0, 15)?.toString()).toBe('SQLite format 3');
    expect(readAt(site.file, stats, 7, 6)?.toString()).toBe('format');
    expect(readAt(site.file, stats, stats.size - 4, 5)).toBeNull();
    expect(readAt(site.file, stats, stats.size - 4, 4)).toHaveLength(4);
  });

  describe.skipIf(!existsSync('/proc/self/fd'))('are kept open', () => {
    const held = (path: string): number => {
      const { ino } = statSync(path);
      return readdirSync('/proc/self/fd').filter((descriptor) => {
        try {
          return fstatSync(Number(descriptor)).ino === ino;
        } catch {
          return false;
        }
      }).length;
    };

    it('while SQLite has them open, whose locks would be lost, and no longer', () => {
      const stats = statSync(site.file);
      const bySqlite = held(site.file);
      readAt(site.file, stats, 0, 1);
      readAt(site.file, stats, 0, 1);
      expect(held(site.file)).toBe(bySqlite + 1);
      closeUnusedFiles();
      expect(held(site.file)).toBe(bySqlite + 1);
      site.database.close();
      closeUnusedFiles();
      expect(held(site.file)).toBe(0);
      // It is opened anew when it is read again.
      expect(readAt(site.file, stats, 0, 6)?.toString()).toBe('SQLite');
    });

    it('until they are gone', () => {
      const before = readdirSync('/proc/self/fd').length;
      const left = site.leave('left.db', ['']);
      readAt(left, statSync(left), 0, 1);
      expect(readdirSync('/proc/self/fd')).toHaveLength(before + 1);
      rmSync(left);
      closeUnusedFiles();
      expect(readdirSync('/proc/self/fd')).toHaveLength(before);
    });
  });
});
