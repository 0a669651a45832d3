import type { EngineContext, HandFedEngine } from '../../port/index.js';
import { engineOn } from '../engine-on.js';
import type { SqliteEngineOptions } from '../sqlite-options.js';
import { SqliteStore } from '../sqlite-store.js';
import { IN_MEMORY } from '../store/database-path.js';
import { openMemory } from './memory-image.js';
import { SqliteByHand } from './sqlite-by-hand.js';

/** Tasks in memory, delivered by consumers as in a file, or one at a time where it is asked for. */
export function handFedEngine(options: Omit<SqliteEngineOptions, 'database'>, context: EngineContext): HandFedEngine {
  const store = new SqliteStore({ ...options, database: IN_MEMORY }, context, openMemory);
  const byHand = new SqliteByHand(store);
  const engine = engineOn(store, context);
  const close = async (): Promise<void> => {
    await byHand.abandon();
    await engine.close();
  };
  return { ...engine, byHand, close };
}
