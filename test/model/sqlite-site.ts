import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { sqliteEngine } from '../../lib/engine/sqlite/index.js';
import { MAX_LOST_ATTEMPTS } from './task-model.js';
import type { ModelSite } from './workplace.js';

export async function sqliteSite(): Promise<ModelSite> {
  const folder = await mkdtemp(join(tmpdir(), 'tasks-model-'));
  const database = join(folder, 'tasks.db');
  // Far longer than a run: no process of it is silent, and one that is taken for dead all the same is a fault.
  const options = { database, synchronous: 'normal', lease: 60_000, maxLostAttempts: MAX_LOST_ATTEMPTS } as const;
  return {
    engine: (context) => sqliteEngine(options, context),
    strikeOff: (worker) => {
      const connection = new Database(database);
      connection.prepare('DELETE FROM tasks_worker WHERE id = ?').run(worker);
      connection.close();
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
