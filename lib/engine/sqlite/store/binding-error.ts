import { messageOf, TasksConfigError } from '../../../contract/index.js';

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

const NOT_IN_BUN =
  'Bun has nothing in which it could be loaded: run the app on Node (node dist/main.js), which may well be installed and ' +
  'bundled by Bun, or take another engine.';

/** What to tell of a better-sqlite3 whose compiled part is missing, or is for another Node. */
export function bindingError(cause: unknown): TasksConfigError {
  return new TasksConfigError(
    `The SQLite engine: the compiled part of better-sqlite3 cannot be loaded: ${reasonOf(cause)}. ` +
      (process.versions.bun === undefined ? HOW_TO_COMPILE : NOT_IN_BUN),
    { cause },
  );
}

/** In one line, without the list of places that were looked at and without Node's own advice, which is less than ours. */
function reasonOf(error: unknown): string {
  const [reason = ''] = messageOf(error).split(/Tried:|Please try/, 1);
  return reason.trim().replaceAll('\n', ' ').replace(/\.$/, '');
}
