import { existsSync, linkSync, renameSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { isObject, shownValue } from '../../../checks/index.js';
import { InvalidArgumentError, StoreError } from '../../../contract/index.js';
import { storeError } from '../store/sqlite-errors.js';
import { realPath } from '../store/store-path.js';
import { copyVerified, removePartial, sync } from './verified-copy.js';

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

/** The system has no hard links on that file system. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']);

/**
 * Copies the file that the tasks are in, as it is at the moment of the call, while apps go on writing to it: every task
 * whose `queue()` had resolved is in the copy. Resolves when the copy was verified and has reached the disk. It is a
 * single file that an app can be started on; where the tasks are in the app's own database, it holds all of that.
 *
 * The copy has another name until it is complete, so that `to` is either a whole backup or not there.
 * @throws InvalidArgumentError for what is no path
 * @throws StoreError where there is no such file, it is no tasks' file, `to` exists or cannot be written, the disk is
 *   full, or the file is damaged
 */
export async function backupTasks(options: BackupTasksOptions): Promise<TasksBackup> {
  const { database, to } = checkPaths(options);
  const file = resolve(to);
  refuseExisting(file);
  const partial = `${file}.${uuidv7()}.partial`;
  try {
    const tasks = await copyVerified(realPath(database), partial);
    publish(partial, file);
    return { file, bytes: statSync(file).size, tasks };
  } catch (error) {
    throw storeError(error, `Cannot back up ${database} to ${to}`);
  } finally {
    removePartial(partial);
  }
}

/** @throws InvalidArgumentError */
function checkPaths(options: BackupTasksOptions): BackupTasksOptions {
  if (!isObject(options)) {
    throw new InvalidArgumentError('options', `backupTasks() takes { database, to }, not ${shownValue(options)}.`);
  }
  for (const key of ['database', 'to'] as const) {
    const path: unknown = options[key];
    if (typeof path === 'string' && path !== '') continue;
    throw new InvalidArgumentError(
      key,
      `"${key}" of backupTasks() must be the path of a file, not ${shownValue(path)}.`,
    );
  }
  return options;
}

function refuseExisting(file: string): void {
  if (existsSync(file)) throw new StoreError(`${file} exists, and a backup overwrites nothing. Choose another name.`);
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
