import type { EngineContext, TaskEngine } from '../port/index.js';
import { engineOn } from './engine-on.js';
import type { SqliteEngineOptions } from './sqlite-options.js';
import { SqliteStore } from './sqlite-store.js';
import { openConnection } from './store/open-connection.js';

/** Tasks in a SQLite file, for one or several processes of one machine. */
export function sqliteEngine(options: SqliteEngineOptions, context: EngineContext): TaskEngine {
  return engineOn(new SqliteStore(options, context, openConnection), context);
}
