import { uuidv7 } from 'uuidv7';
import { SystemClock } from '../../lib/clock/index.js';
import type { QueueFlow } from '../../lib/contract/index.js';
import type { TaskEngine } from '../../lib/engine/port/index.js';
import { sqliteEngine } from '../../lib/engine/sqlite/index.js';
import { QUEUE } from './setup.js';

/** The embedded engine on a file, as the library sets it up. */
export async function openEngine(file: string, flow: QueueFlow | null): Promise<TaskEngine> {
  const logger = { log: () => undefined, warn: () => undefined, error: (text: string) => console.error(text) };
  const engine = sqliteEngine(
    { database: file, synchronous: 'normal', lease: 30_000, maxLostAttempts: 3 },
    {
      clock: new SystemClock(),
      logger,
      keepFor: () => null,
      nextRun: () => null,
      mask: (params) => params,
      newId: uuidv7,
      flows: new Map([[QUEUE, flow]]),
    },
  );
  await engine.open();
  return engine;
}
