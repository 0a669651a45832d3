import { SystemClock } from '../../../lib/clock/index.js';
import { bullmqEngine } from '../../../lib/engine/bullmq/index.js';
import { contextWith } from '../../conformance/harness.js';

/** Makes the tables of BullMQ in an empty database, as the first process does that works on it. */
export async function createBullmqTables(postgres: string): Promise<void> {
  const options = { postgres, lease: 10_000, maxLostAttempts: 5, queues: [] };
  const engine = bullmqEngine(options, contextWith(new SystemClock()));
  await engine.open();
  await engine.close();
}
