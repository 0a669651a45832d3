import type BetterSqlite3 from 'better-sqlite3';
import { loadPeer } from '../../common/index.js';
import { bindingError } from './binding-error.js';

export type Driver = typeof BetterSqlite3;

/**
 * better-sqlite3, loaded when a file is opened: an app whose tasks are elsewhere need not have it.
 *
 * @throws TasksConfigError with the command that helps, where it is missing, does not fit this Node, or has no binding
 */
export async function loadDriver(): Promise<Driver> {
  const { default: driver } = await loadPeer('better-sqlite3', 'The SQLite engine', () => import('better-sqlite3'));
  try {
    // The binding is loaded with the first database. One in memory opens wherever there is a binding.
    new driver(':memory:').close();
  } catch (error) {
    throw bindingError(error);
  }
  return driver;
}
