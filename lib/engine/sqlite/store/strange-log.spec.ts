import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogSite } from '../../../../test/support/log-site.js';
import { closeUnusedFiles } from './raw-files.js';
import { comparePages, strangenessOfLog } from './strange-log.js';

describe('A log that lies beside a file', () => {
  let site: LogSite;

  beforeEach(() => {
    site = new LogSite();
    site.commit(5);
    site.copy('TRUNCATE');
    site.commit(2);
  });
  afterEach(() => {
    site.remove();
    closeUnusedFiles();
  });

  /** Seconds from now at which a file was changed last. */
  function changedAt(path: string, seconds: number): void {
    const time = new Date(Date.now() + seconds * 1_000);
    utimesSync(path, time, time);
  }

  it('belongs to it where SQLite alone has worked on them, whatever of it is in the file', async () => {
    for (const order of [
      ['', '-wal'],
      ['', '-wal', '-shm'],
    ]) {
      for (const copied of [false, true]) {
        if (copied) site.copy();
        const left = site.leave(`left-${order.length}-${copied}.db`, order);
        changedAt(left, -60);
        expect(await strangenessOfLog(left)).toBeNull();
      }
      site.change();
    }
  });

  it('belongs to it where pages that a reader keeps from being copied were written again', async () => {
    const reader = site.open();
    reader.exec('BEGIN; SELECT count(*) FROM filler');
    site.change();
    site.copy();
    site.change();
    const left = site.leave('left.db');
    changedAt(left, 60);
    expect(comparePages(left, statSync(left))).toMatchObject({ differ: false, none: false });
    expect(await strangenessOfLog(left)).not.toBe('other pages');
  });

  it('is none of a file that has no log, as a backup has none', async () => {
    const left = site.leave('left.db', ['', '-wal']);
    const bytes = readFileSync(left);
    bytes.writeUInt8(1, 18);
    writeFileSync(left, bytes);
    expect(await strangenessOfLog(left)).toBe('other pages');
  });

  it('is another’s where what was copied from it is not in the file', async () => {
    site.copy();
    const left = site.leave('left.db');
    const bytes = readFileSync(left);
    bytes.fill(7, bytes.length - 4_096);
    writeFileSync(left, bytes);
    changedAt(left, -60);
    expect(await strangenessOfLog(left)).toBe('other pages');
    // Without the index nobody knows what was copied; another page is as it is in the log.
    rmSync(`${left}-shm`);
    expect(await strangenessOfLog(left)).toBeNull();
  });

  it('may be another’s where no page is as it is there, and the file is younger', async () => {
    site.change();
    const left = site.leave('left.db', ['', '-wal']);
    changedAt(`${left}-wal`, 0);
    changedAt(left, 60);
    expect(await strangenessOfLog(left)).toBe('younger');
    changedAt(left, -60);
    expect(await strangenessOfLog(left)).toBeNull();
    // As "touch" leaves them.
    for (const path of [left, `${left}-wal`]) utimesSync(path, 1_000, 1_000);
    expect(await strangenessOfLog(left)).toBeNull();
  });

  it('is not suspected where somebody works on the two just now', async () => {
    site.change();
    const left = site.leave('left.db', ['', '-wal']);
    changedAt(left, 60);
    const looking = strangenessOfLog(left);
    changedAt(left, 120);
    expect(await looking).toBeNull();
    const again = strangenessOfLog(left);
    changedAt(`${left}-wal`, 30);
    expect(await again).toBeNull();
    const last = strangenessOfLog(left);
    rmSync(left);
    expect(await last).toBeNull();
  });

  it('is asked nothing where there is none, or nothing in it, or no file', async () => {
    site.change();
    const left = site.leave('left.db', ['', '-wal']);
    changedAt(left, 60);
    expect(await strangenessOfLog(left)).toBe('younger');
    truncateSync(`${left}-wal`, 32);
    expect(await strangenessOfLog(left)).toBeNull();
    rmSync(`${left}-wal`);
    expect(await strangenessOfLog(left)).toBeNull();
    copyFileSync(site.log, `${left}-wal`);
    truncateSync(left, 0);
    expect(await strangenessOfLog(left)).toBeNull();
    writeFileSync(left, 'not even a header');
    expect(await strangenessOfLog(left)).toBeNull();
    rmSync(left);
    expect(await strangenessOfLog(left)).toBeNull();
  });

  it('says nothing of what was not committed, or was written before it began anew', () => {
    // Frames of the commits before are behind those of the last one, with other salts.
    site.copy('RESTART');
    site.commit(1);
    const whole = comparePages(site.file, statSync(site.file));
    site.database.exec('BEGIN');
    site.database.pragma('cache_size = 1');
    site.database.exec('UPDATE filler SET content = randomblob(3000)');
    expect(comparePages(site.file, statSync(site.file))).toEqual(whole);
    site.database.exec('ROLLBACK');
  });

  it('is compared page by page with the file', () => {
    site.copy();
    const { same, differ, none } = comparePages(site.file, statSync(site.file));
    expect(same).toBeGreaterThan(1);
    expect([differ, none]).toEqual([false, false]);
    site.copy('TRUNCATE');
    expect(comparePages(site.file, statSync(site.file))).toEqual({ same: 0, differ: false, none: true });
  });

  it('may be gone by now', () => {
    const left = site.leave('left.db', ['']);
    expect(comparePages(left, statSync(left))).toEqual({ same: 0, differ: false, none: true });
  });
});
