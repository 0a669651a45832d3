import { existsSync, linkSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { uuidv7 } from 'uuidv7';
import { wallTime } from '../../../clock/index.js';
import { StoreError } from '../../../contract/index.js';
import { holdOthersOff } from '../process/hold-others-off.js';
import { WritersNote } from '../process/writers-note.js';
import type { Database } from '../store/database.js';
import { loadDriver } from '../store/driver.js';
import { assertKnownSchema } from '../store/known-schema.js';
import { nameAside, namesAside } from '../store/put-aside.js';
import { isBusy, storeError } from '../store/sqlite-errors.js';
import { makeStoreFile, realPath } from '../store/store-path.js';
import { copyVerified, removePartial, sync } from './verified-copy.js';

export interface RestoreTasksOptions {
  /** Path of the backup; it stays where it is. */
  readonly from: string;
  /** Path of the SQLite file that the app keeps its tasks in. No process may have it open. */
  readonly database: string;
}

export interface TasksRestored {
  /** Absolute path of the file. */
  readonly file: string;
  /** How many tasks it holds, in whatever state. */
  readonly tasks: number;
  /** The new name of the file that was there, with its log beside it; null where there was none. */
  readonly kept: string | null;
}

/**
 * Puts a backup in the place of a store's file. The backup is copied beside it and checked first; then, while nobody else
 * can open the file, the old one is given another name together with its log, and the copy gets the name: there is a whole
 * file at every moment, and never one with the log of another.
 * @throws StoreError where the backup is none, damaged or of a newer version, or a process has the file open; nothing is changed then
 */
export async function restoreTasks({ from, database }: RestoreTasksOptions): Promise<TasksRestored> {
  const [backup, file] = [realPath(from), realPath(database)];
  if (backup === file) throw new StoreError(`Cannot restore ${file} from itself. Give the backup with "from".`);
  const partial = `${file}.${uuidv7()}.partial`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    // No app of this version could open it.
    const tasks = await copyVerified(backup, partial, (source) => assertKnownSchema(source, backup));
    const kept = existsSync(file) ? await replace(file, partial) : place(file, partial);
    if (process.platform !== 'win32') sync(dirname(file));
    return { file, tasks, kept };
  } catch (error) {
    throw storeError(error, `Cannot restore ${database} from ${from}`);
  } finally {
    removePartial(partial);
  }
}

/** Where no file is, a log that lies there belongs to one that is gone. */
function place(file: string, partial: string): null {
  setLogAside(file, nameAside(file, wallTime()));
  renameSync(partial, file);
  return null;
}

/**
 * Whoever is killed on the way leaves the file with its log, or with two names, under which no app opens it: a log that was
 * taken away from its file would be missed by nobody, and what it holds be lost.
 */
async function replace(file: string, partial: string): Promise<string> {
  undoInterrupted(file);
  makeStoreFile(file);
  const kept = nameAside(file, wallTime());
  const note = new WritersNote(file);
  try {
    // An app that starts now waits for its turn, and does not open the file that is about to be put aside.
    await holdOthersOff(note);
    const alone = await openAlone(file);
    try {
      const isLinked = link(file, kept);
      setLogAside(file, kept);
      if (!isLinked) renameSync(file, kept);
      renameSync(partial, file);
    } finally {
      // Its file has another name by now, so SQLite leaves the log as it is.
      alone?.close();
    }
  } finally {
    note.give();
    note.close();
  }
  return kept;
}

/** Returns false on a file system without hard links. */
function link(file: string, kept: string): boolean {
  try {
    linkSync(file, kept);
    return true;
  } catch {
    return false;
  }
}

/** Takes the second name away that a restore has left which was killed, and puts the log back. */
function undoInterrupted(file: string): void {
  for (const other of namesAside(file)) {
    if (existsSync(`${other}-wal`) && !existsSync(`${file}-wal`)) renameSync(`${other}-wal`, `${file}-wal`);
    rmSync(other);
  }
}

/**
 * Opens a file so that nobody else can; null where SQLite cannot read it, so that nobody can work on it either.
 * @throws StoreError where somebody has it open
 */
async function openAlone(file: string): Promise<Database | null> {
  const Sqlite = await loadDriver();
  const database = new Sqlite(file, { timeout: 0 });
  try {
    database.pragma('locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (!isBusy(error)) return null;
    throw new StoreError(
      `A process has ${file} open: stop every app, panel and command that works on it first. Nothing was changed.`,
    );
  }
}

/** The index of a log is made anew from it. */
function setLogAside(file: string, kept: string): void {
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${kept}-wal`);
  rmSync(`${file}-shm`, { force: true });
}
