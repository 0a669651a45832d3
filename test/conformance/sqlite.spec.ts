import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteEngine } from '../../lib/engine/sqlite/index.js';
import { injectedTime } from './harness.js';
import { describeTaskEngine } from './task-engine.suite.js';

describeTaskEngine('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tasks-conformance-'));
  const options = {
    database: join(folder, 'tasks.db'),
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
