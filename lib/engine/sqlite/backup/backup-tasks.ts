import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { messageOf, StoreError } from '../../../errors/index.js';
import { storeError } from '../sqlite-errors.js';
import { damageOf } from './file-damage.js';
import { readSnapshot } from './store-snapshot.js';

export interface BackupTasksOptions {
  /** Path of the SQLite file that the tasks are in; an app may be working on it. */
  readonly database: string;
  /** Path of the backup. Its folder must exist; the file must not. */
  readonly to: string;
}

export interface TasksBackup {
  /** Absolute path of the backup. */
  readonly file: string;
  readonly bytes: number;
  /** How many tasks it holds, in whatever state. */
  readonly tasks: number;
}

/** Copied in one go, with the event loop free between one and the next: at most 4 MiB of pages of 4 KiB. */
const PAGES_AT_A_TIME = 1_024;

/** The system has no hard links on that file system. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']);

/**
 * Copies the file that the tasks are in, as it is at the moment of the call, while apps go on writing to it: every task
 * whose `queue()` had resolved is in the copy. Resolves when the copy was verified and has reached the disk. It is a
 * single file that an app can be started on; where the tasks are in the app's own database, it holds all of that.
 *
 * The copy has another name until it is complete, so that `to` is either a whole backup or not there.
 * @throws StoreError where there is no such file, it is no tasks' file, `to` exists or cannot be written, the disk is
 *   full, or the file is damaged
 */
export async function backupTasks({ database, to }: BackupTasksOptions): Promise<TasksBackup> {
  const file = resolve(to);
  refuseExisting(file);
  const partial = `${file}.${uuidv7()}.partial`;
  try {
    await copy(resolve(database), partial);
    const tasks = await verify(partial);
    sync(partial);
    publish(partial, file);
    return { file, bytes: statSync(file).size, tasks };
  } catch (error) {
    throw storeError(error, `Cannot back up ${database} to ${to}`);
  } finally {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(partial + suffix, { force: true });
  }
}

async function copy(database: string, partial: string): Promise<void> {
  await readSnapshot(database, async (source) => {
    // Reported by itself: SQLite says the same of a target that cannot be written as of a source that cannot be read.
    createFile(partial);
    // Within the snapshot's transaction. Outside one, each commit of another process would start the copy anew.
    await source.backup(partial, { progress: () => PAGES_AT_A_TIME });
  });
}

/** Returns how many tasks the copy holds. */
async function verify(partial: string): Promise<number> {
  const { default: Sqlite } = await import('better-sqlite3');
  const copied = new Sqlite(partial, { fileMustExist: true });
  try {
    // In WAL mode it would need files beside it; the engine switches the mode when it opens a store.
    copied.pragma('journal_mode = DELETE');
    const [damage] = damageOf(copied);
    if (damage) throw new StoreError(`The file is damaged, so the copy of it was discarded: ${damage}`);
    return copied.prepare<[], number>('SELECT count(*) FROM tasks_task').pluck().get()!;
  } finally {
    copied.close();
  }
}

function refuseExisting(file: string): void {
  if (existsSync(file)) throw new StoreError(`${file} exists, and a backup overwrites nothing. Choose another name.`);
}

function createFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'there is no such folder' : code === 'ENOSPC' ? 'the disk is full' : messageOf(error);
    throw new StoreError(`Cannot write to ${dirname(path)}: ${reason}`, { cause: error });
  }
}

/** Gives the copy its name. */
function publish(partial: string, file: string): void {
  try {
    // Not renamed, as that would replace a file that was created meanwhile.
    linkSync(partial, file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code !== 'EEXIST' && !NO_LINKS.has(code)) throw error;
    refuseExisting(file);
    renameSync(partial, file);
  }
  // Windows cannot open a folder, and keeps names safe by itself.
  if (process.platform !== 'win32') sync(dirname(file));
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
