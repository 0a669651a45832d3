import { existsSync, statSync } from 'node:fs';
import { StoreError } from '../../../contract/index.js';
import type { Database } from '../store/database.js';
import { loadDriver } from '../store/driver.js';
import { assertOwnLog } from '../store/own-log.js';
import { closeUnusedFiles } from '../store/raw-files.js';
import { patiently } from '../store/retry-while-busy.js';
import { storeError } from '../store/sqlite-errors.js';

const IS_STORE = `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tasks_migration'`;

/**
 * Reads a store's file as it is at one moment, without changing it: whatever others write meanwhile is not seen, and
 * they are not held up.
 * @throws StoreError where the path is no store's file, or it cannot be read
 */
export async function readSnapshot<T>(file: string, read: (database: Database) => T | Promise<T>): Promise<T> {
  assertFile(file);
  await assertOwnLog(file);
  const Sqlite = await loadDriver();
  try {
    const database = await patiently(() => new Sqlite(file, { readonly: true, fileMustExist: true, timeout: 0 }));
    try {
      // SQLite takes its snapshot at the first read within the transaction.
      database.exec('BEGIN');
      const isStore = await patiently(() => database.prepare(IS_STORE).get());
      if (!isStore) throw new StoreError(`${file} holds no tasks. Give the file that the app keeps its tasks in.`);
      return await read(database);
    } finally {
      database.close();
      // What was read of it as bytes.
      closeUnusedFiles();
    }
  } catch (error) {
    throw storeError(error, `Cannot read ${file}`);
  }
}

function assertFile(file: string): void {
  if (!existsSync(file))
    throw new StoreError(`There is no file ${file}. Give the file that the app keeps its tasks in.`);
  if (!statSync(file).isFile()) throw new StoreError(`${file} is not a file.`);
}
