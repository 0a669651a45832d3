import { StoreError, messageOf } from '../../../contract/index.js';
import { StoreFileGoneError } from './store-file.js';

/** Words for the result codes that a user can do something about (https://sqlite.org/rescode.html). */
const ADVICE: ReadonlyArray<readonly [code: string, advice: string]> = [
  ['SQLITE_FULL', 'the disk is full'],
  ['SQLITE_READONLY', 'the file or its folder is read-only for this process'],
  ['SQLITE_CANTOPEN', 'the file cannot be opened: check that its folder exists and is writable'],
  ['SQLITE_PERM', 'this process may not open the file'],
  ['SQLITE_CORRUPT', 'the file is damaged: restore a backup'],
  ['SQLITE_NOTADB', 'the file is not a SQLite database'],
  ['SQLITE_IOERR', 'reading or writing the file failed: check the disk'],
  [
    'SQLITE_BUSY_HOST',
    'a transaction of the app on the same file has been open for too long. A task that is enqueued within it takes its ' +
      'manager: queue(…, { manager })',
  ],
  ['SQLITE_BUSY', 'another process has held the write lock for too long'],
  ['SQLITE_LOCKED', 'another process has held the write lock for too long'],
];

/** A transaction is open on the app's own connection. It looks like a lock that somebody holds, which is what it is. */
export class HostTransactionError extends Error {
  readonly code = 'SQLITE_BUSY_HOST';

  constructor() {
    super('a transaction of the app has been open for too long');
  }
}

/** SQLite's extended result code of an error, whether TypeORM wrapped it or not. */
export function codeOf(error: unknown): string | undefined {
  const candidate = error as { code?: unknown; driverError?: { code?: unknown } } | null | undefined;
  const code = candidate?.code ?? candidate?.driverError?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Whether somebody else holds a lock that will be free again. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'));
}

/** Whether the fault is the store's (disk, file, lock) and none of the statement that met it. */
export function isSqliteFault(error: unknown): boolean {
  if (error instanceof StoreFileGoneError) return true;
  const code = codeOf(error);
  return code !== undefined && ADVICE.some(([prefix]) => code.startsWith(prefix));
}

/** The error that a caller sees: what was tried, why it failed and what to look at. */
export function storeError(error: unknown, tried: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const advice = ADVICE.find(([prefix]) => code?.startsWith(prefix))?.[1];
  return new StoreError(`${tried}: ${advice ? `${advice} (${code})` : messageOf(error)}`, { cause: error });
}
