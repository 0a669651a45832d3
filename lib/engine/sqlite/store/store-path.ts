import { lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { StoreError } from '../../../contract/index.js';
import { databasePathProblem } from './database-path.js';
import { makeFile } from './make-file.js';
import { namesAside } from './put-aside.js';
import { statOf } from './raw-files.js';

/** As many links as Linux follows. */
const MAX_LINKS = 40;

/**
 * The one name of a store's file: absolute, without links, as SQLite itself finds it for its log. Whoever opens the file
 * by another path to it comes to the same one, and so to the same log and the same heartbeats.
 * @throws StoreError for a text that is no path
 */
export function realPath(database: string): string {
  const problem = databasePathProblem(database);
  if (problem !== null) throw new StoreError(`Cannot open the task store: its path ${problem}`);
  let path = absolute(database);
  for (let links = 0; links < MAX_LINKS; links += 1) {
    try {
      return realpathSync.native(path);
    } catch {
      const target = targetOf(path);
      if (target === null) return join(realFolder(dirname(path)), basename(path));
      path = isAbsolute(target) ? target : `${realFolder(dirname(path))}${sep}${target}`;
    }
  }
  throw new StoreError(`Cannot open the task store ${database}: its links go round`);
}

/**
 * Makes the file where there is none, with its folder, and returns its one name.
 * @throws StoreError where it cannot be made, and where it has other names, so that others may be working on it with
 *   another log
 */
export function makeStoreFile(database: string): string {
  const before = realPath(database);
  makeFile(before);
  const path = realPath(database);
  assertOneName(path);
  return path;
}

/**
 * SQLite keeps its log beside the name under which a file was opened. By two names, two processes would have two logs and
 * would each write over what the other did (https://sqlite.org/howtocorrupt.html, 2.5); so would one whose file alone was
 * mounted into a container, with the log outside of the mount.
 * @throws StoreError where the file has another name
 */
export function assertOneName(path: string): void {
  const stats = statOf(path);
  if (stats?.isDirectory()) {
    throw new StoreError(
      `Cannot open the task store ${path}: it is a folder. Give the file in it, such as ${join(path, 'tasks.db')}.`,
    );
  }
  if (stats !== null && !stats.isFile()) {
    throw new StoreError(
      `Cannot open the task store ${path}: it is no file, but a device, a pipe or a socket. Give the path of a file.`,
    );
  }
  if (stats !== null && stats.nlink > 1) {
    const [aside] = namesAside(path);
    if (aside !== undefined) {
      throw new StoreError(
        `Cannot open the task store ${path}: a restore of it was interrupted, or is under way. Run "nestjs-tasks restore" ` +
          `again to complete it. To go on without it, move ${aside}-wal back to ${path}-wal, where there is one, and then ` +
          `remove ${aside}.`,
      );
    }
    throw new StoreError(
      `Cannot open the task store ${path}: it has ${stats.nlink} names (hard links). SQLite keeps a log of its own for each ` +
        'name, so two processes that use different ones destroy the file. Stop them, keep the name that has a "-wal" beside ' +
        'it, and remove the others; copies are made by "nestjs-tasks backup".',
    );
  }
  if (isMountPoint(path)) {
    throw new StoreError(
      `Cannot open the task store ${path}: it is mounted as a single file, so that its log, ${path}-wal, would be outside ` +
        'of what is mounted and others would not see it. Mount the folder that the file is in.',
    );
  }
}

/** With what SQLite itself would make of `..` behind a link, which joining texts does not. */
function absolute(database: string): string {
  if (process.platform === 'win32') return resolve(database);
  return isAbsolute(database) ? database : `${process.cwd()}${sep}${database}`;
}

function realFolder(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch {
    return resolve(folder);
  }
}

/** Where a link leads to; null where `path` is none. */
function targetOf(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null;
  } catch {
    return null;
  }
}

/** Only Linux mounts files; there, the fifth field of a line is the place, with blanks written in octal. */
function isMountPoint(path: string): boolean {
  try {
    const places = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    const written = path.replaceAll(/[ \t\n\\]/g, (character) => `\\0${character.charCodeAt(0).toString(8)}`);
    return places.some((line) => line.split(' ')[4] === written);
  } catch {
    return false;
  }
}
