import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, StoreError } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { loadDriver } from '../store/driver.js';
import { damageOf } from './file-damage.js';
import { readSnapshot } from './store-snapshot.js';

/** Copied in one go, with the event loop free between one and the next: at most 4 MiB of pages of 4 KiB. */
const PAGES_AT_A_TIME = 1_024;
/** A copy has the params of tasks in it, which are nobody else's business. */
const MODE = 0o600;

/**
 * Copies a store, as it is at the moment of the call, to a file that is not there yet: a single file without a log, that
 * is sound and has reached the disk. Returns how many tasks it holds.
 * @param check throws where it is not to be copied
 * @throws StoreError
 */
export async function copyVerified(
  database: string,
  partial: string,
  check: (source: Database) => void = () => undefined,
): Promise<number> {
  await readSnapshot(database, async (source) => {
    check(source);
    // Reported by itself: SQLite says the same of a target that cannot be written as of a source that cannot be read.
    createFile(partial);
    // Within the snapshot's transaction. Outside one, each commit of another process would start the copy anew.
    await source.backup(partial, { progress: () => PAGES_AT_A_TIME });
  });
  const tasks = await verify(partial);
  sync(partial);
  return tasks;
}

export function removePartial(partial: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(partial + suffix, { force: true });
}

/** Has what was written reach the disk, and of a folder the names in it. */
export function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

async function verify(partial: string): Promise<number> {
  const Sqlite = await loadDriver();
  const copied = new Sqlite(partial, { fileMustExist: true });
  try {
    // In WAL mode it would need files beside it; the engine switches the mode when it opens a store. A file that says so
    // is also never taken for one that a log belongs to.
    copied.pragma('journal_mode = DELETE');
    const [damage] = damageOf(copied);
    if (damage) throw new StoreError(`The file is damaged, so the copy of it was discarded: ${damage}`);
    return copied.prepare<[], number>('SELECT count(*) FROM tasks_task').pluck().get()!;
  } finally {
    copied.close();
  }
}

function createFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', MODE));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'there is no such folder' : code === 'ENOSPC' ? 'the disk is full' : messageOf(error);
    throw new StoreError(`Cannot write to ${dirname(path)}: ${reason}`, { cause: error });
  }
}
