// A process that enqueues a task for each of many keys, as others do at once. See ../holders.spec.ts.
import { uuidv7 } from 'uuidv7';
import { SystemClock } from '../../../lib/clock/index.js';
import { sqliteEngine } from '../../../lib/engine/sqlite/index.js';
import { claimingTask, type RaceSetup } from './setup.js';

const { file, rounds, dieAfter } = JSON.parse(process.argv[2]!) as RaceSetup;
const clock = new SystemClock();
const logger = { log: () => {}, warn: () => {}, error: () => {} };
const engine = sqliteEngine(
  { database: file, synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 },
  { clock, logger, keepFor: () => null, nextRun: () => null, mask: (params) => params, newId: uuidv7 },
);
await engine.open();
process.stdout.write('ready\n');
await new Promise((resolve) => process.stdin.once('data', resolve));

const held: Record<string, string> = {};
for (let round = 0; round < rounds; round += 1) {
  const task = claimingTask(uuidv7(), clock, round);
  const stored = engine.enqueueing.enqueue([task]);
  // Its write is under way, or about to be.
  if (round === dieAfter) setImmediate(() => process.kill(process.pid, 'SIGKILL'));
  const [answer] = await stored;
  held[round] = typeof answer === 'object' ? answer.holder : task.id;
}
await engine.close();
// A pipe takes a long report in pieces: what is left of it at the exit would be lost.
process.stdout.write(JSON.stringify(held), () => process.exit(0));
