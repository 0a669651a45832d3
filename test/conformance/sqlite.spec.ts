import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageOfEmptyStore } from '../../lib/engine/sqlite/by-hand/memory-image.js';
import { sqliteEngine } from '../../lib/engine/sqlite/index.js';
import { injectedTime } from './harness.js';
import { describeTaskEngine } from './task-engine.suite.js';

describeTaskEngine('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tasks-conformance-'));
  const database = join(folder, 'tasks.db');
  // Making the tables anew would take longer than most tests.
  await writeFile(database, await imageOfEmptyStore());
  const options = {
    database,
    synchronous: 'full',
    lease: 10_000,
    maxLostAttempts: 5,
  } as const;
  return {
    time: injectedTime(),
    engine: (context) => sqliteEngine(options, context),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
});
