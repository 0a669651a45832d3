import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { retentionTable, threadedEngine } from '../../lib/engine/sqlite/index.js';
import { askFor } from '../support/run/ask-for.js';
import { systemTime } from './harness.js';
import { describeTaskEngine } from './task-engine.suite.js';

describeTaskEngine('SQLite in a thread', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tasks-conformance-'));
  const { conformance: entry } = await askFor('thread');
  const options = {
    database: join(folder, 'tasks.db'),
    synchronous: 'full',
    lease: 10_000,
    maxLostAttempts: 5,
  } as const;
  return {
    time: systemTime(),
    engine: (context) => {
      const keepFor = retentionTable(['default'], context);
      return threadedEngine(options, context, { entry, version: 'conformance', keepFor });
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
});
