import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../contract/index.js';
import { codeOf, HostTransactionError, isBusy, isSqliteFault, storeError } from './sqlite-errors.js';
import { StoreFileGoneError } from './store-file.js';

const withCode = (code: unknown, message = 'said'): Error => Object.assign(new Error(message), { code });
const wrapped = (code: unknown): Error => Object.assign(new Error('of TypeORM'), { driverError: withCode(code) });

describe('An error of SQLite', () => {
  it('is known by its code, whoever wrapped it', () => {
    expect(codeOf(withCode('SQLITE_FULL'))).toBe('SQLITE_FULL');
    expect(codeOf(wrapped('SQLITE_FULL'))).toBe('SQLITE_FULL');
    for (const other of [withCode(5), new Error('x'), null, undefined, 'text']) expect(codeOf(other)).toBeUndefined();
  });

  it.each([
    ['SQLITE_BUSY', true],
    ['SQLITE_BUSY_SNAPSHOT', true],
    ['SQLITE_LOCKED', true],
    ['SQLITE_LOCKED_SHAREDCACHE', true],
    ['SQLITE_FULL', false],
    ['NOT_SQLITE_BUSY', false],
    ['NOT_SQLITE_LOCKED', false],
    [undefined, false],
  ])('%s says that somebody else has a lock: %s', (code, busy) => {
    expect(isBusy(withCode(code))).toBe(busy);
    expect(isBusy(wrapped(code))).toBe(busy);
  });

  it('is the store’s where the disk, the file or a lock is at fault', () => {
    for (const code of ['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_BUSY_REOPENING', 'SQLITE_CORRUPT_INDEX']) {
      expect(isSqliteFault(withCode(code))).toBe(true);
    }
    expect(isSqliteFault(new StoreFileGoneError('tasks.db', 'replaced'))).toBe(true);
    for (const code of ['SQLITE_CONSTRAINT', 'SQLITE_ERROR', 'OWN_SQLITE_FULL', undefined]) {
      expect(isSqliteFault(withCode(code))).toBe(false);
    }
  });

  it.each([
    [
      new HostTransactionError(),
      /^tried: a transaction of the app on the same file has been open.*\(SQLITE_BUSY_HOST\)$/,
    ],
    [withCode('SQLITE_BUSY_TIMEOUT'), /^tried: another process has held the write lock.*\(SQLITE_BUSY_TIMEOUT\)$/],
    [withCode('SQLITE_FULL'), 'tried: the disk is full (SQLITE_FULL)'],
    [wrapped('SQLITE_READONLY_DBMOVED'), /read-only for this process \(SQLITE_READONLY_DBMOVED\)$/],
    [withCode('SQLITE_CONSTRAINT', 'no such thing'), 'tried: no such thing'],
    [new Error('other'), 'tried: other'],
  ])('is told in words that help: %s', (error, message) => {
    const told = storeError(error, 'tried');
    expect(told).toBeInstanceOf(StoreError);
    expect(told.message).toMatch(message);
    expect(told.cause).toBe(error);
  });

  it('is not told twice', () => {
    const told = new StoreError('said already');
    expect(storeError(told, 'tried')).toBe(told);
  });
});
