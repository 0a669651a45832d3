import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogSite } from '../../../../test/support/log-site.js';
import { HeldLocks } from './held-locks.js';

describe.skipIf(!existsSync('/proc/self/fdinfo'))('The locks of a file that SQLite has open', () => {
  let site: LogSite;
  let locks: HeldLocks | null;

  beforeEach(() => {
    site = new LogSite();
    locks = HeldLocks.of(site.file);
  });
  afterEach(() => {
    locks?.close();
    site.remove();
  });

  it('are there while it works', () => {
    expect(locks!.areThere()).toBe(true);
    site.database.exec('BEGIN IMMEDIATE');
    expect(locks!.areThere()).toBe(true);
    site.database.exec('COMMIT');
    site.commit(3);
    site.copy();
    expect(locks!.areThere()).toBe(true);
  });

  it.each(['', '-shm'])('are lost where the process reads it by itself: %s', (suffix) => {
    readFileSync(site.file + suffix);
    expect(locks!.areThere()).toBe(false);
  });

  it('are not lost with what else is read', () => {
    readFileSync(site.log);
    expect(locks!.areThere()).toBe(true);
  });

  it('cannot be told where one of them is not there', () => {
    const before = readdirSync('/proc/self/fd').length;
    readFileSync(site.index);
    expect(HeldLocks.of(site.file)).toBeNull();
    expect(HeldLocks.of(`${site.file}.none`)).toBeNull();
    // What was opened to look was closed.
    expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  });

  it('are looked at through descriptors that are closed at the end', () => {
    const before = readdirSync('/proc/self/fd').length;
    HeldLocks.of(site.file)!.close();
    expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  });
});
