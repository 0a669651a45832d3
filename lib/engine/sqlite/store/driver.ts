import type BetterSqlite3 from 'better-sqlite3';
import { TasksConfigError, messageOf } from '../../../contract/index.js';
import { loadPeer } from '../../common/index.js';

/**
 * Package managers run install scripts of those packages alone that they were told of. `check:installers` follows it. With
 * `ignore-scripts` in its settings, `npm rebuild` reports a success and does nothing.
 */
const HOW_TO_COMPILE = `Its install script was not run, or was run for another Node or another system. Run it:
  npm:    npm install-scripts approve better-sqlite3 && npm rebuild better-sqlite3 --ignore-scripts=false (before npm 11: the second alone)
  pnpm:   pnpm approve-builds better-sqlite3
  Yarn 4: npm pkg set dependenciesMeta.better-sqlite3.built=true --json && yarn rebuild better-sqlite3
  Yarn 1: npm rebuild better-sqlite3 --ignore-scripts=false
  Bun:    bun pm trust better-sqlite3`;

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
    throw new TasksConfigError(
      `The SQLite engine: the compiled part of better-sqlite3 cannot be loaded: ${reasonOf(error)}. ${HOW_TO_COMPILE}`,
      { cause: error },
    );
  }
  return driver;
}

/** Without the list of places that were looked at. */
function reasonOf(error: unknown): string {
  return messageOf(error)
    .split('\n', 1)[0]!
    .replace(/\.? Tried:$/, '')
    .replace(/\.$/, '');
}
