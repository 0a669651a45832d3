import { closeSync, mkdirSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { messageOf, StoreError } from '../../../contract/index.js';
import { statOf } from './raw-files.js';

/** Mode of a file that is made here; SQLite gives the files beside it the same. Params are nobody else's business. */
const NEW_FILE_MODE = 0o600;
/** What SQLite takes, with the name of a journal beside it. */
const MAX_PATH_BYTES = 504;
/** What file systems take, with the name of the folder beside it. */
const MAX_NAME_BYTES = 247;
/** Node waits for ever to make a folder there. */
const BY_THE_SYSTEM = /^\/(?:proc|sys)\//;

/**
 * Makes an empty file where there is none, with its folder.
 * @throws StoreError where that is not possible
 */
export function makeFile(path: string): void {
  assertLength(path);
  if (statOf(path) !== null) return;
  if (BY_THE_SYSTEM.test(path)) {
    throw new StoreError(`Cannot open the task store ${path}: it is in a folder of the system, which holds no files.`);
  }
  try {
    mkdirSync(dirname(path), { recursive: true });
    closeSync(openSync(path, 'wx', NEW_FILE_MODE));
  } catch (error) {
    if (statOf(path) !== null) return;
    throw new StoreError(`Cannot open the task store ${path}: ${reasonOf(error, path)}`, { cause: error });
  }
}

/** @throws StoreError where SQLite, or the system, has no room for the names of the files beside it */
function assertLength(path: string): void {
  const [name, whole] = [basename(path), path].map((text) => Buffer.byteLength(text));
  if (name! <= MAX_NAME_BYTES && whole! <= MAX_PATH_BYTES) return;
  throw new StoreError(
    `Cannot open the task store ${path}: its path is too long. The name may have ${MAX_NAME_BYTES} bytes, all of it ` +
      `${MAX_PATH_BYTES}, as there are longer ones beside it.`,
  );
}

function reasonOf(error: unknown, path: string): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EACCES':
    case 'EPERM':
      return `this process may not write to ${dirname(path)}`;
    case 'EROFS':
      return `${dirname(path)} is read-only`;
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full';
    case 'EEXIST':
    case 'ENOTDIR':
      return `${dirname(path)} is no folder`;
    default:
      return messageOf(error);
  }
}
