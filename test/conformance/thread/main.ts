// What the engine's thread runs under the suites of the port: with the conformance suite's own schedules and masks, and
// mortal: it dies as it is told on a channel that all threads of the process hear.
import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads';
import { SystemClock } from '../../../lib/clock/index.js';
import { serveEngine, type ThreadData } from '../../../lib/engine/sqlite/index.js';
import { contextWith, SYSTEM_UNIT } from '../harness.js';
import { DEATHS, type Death } from './death.js';

/** Long enough for what is asked of a thread that hears nothing any more. */
const DEAF_MS = 200;

serveEngine(parentPort!, workerData as ThreadData, contextWith(new SystemClock(), {}, SYSTEM_UNIT), 'conformance');

/** Does not return: V8 ends the thread. */
function fillHeap(): void {
  let chain: object = {};
  while (chain) chain = { chain };
}

const deaths = new BroadcastChannel(DEATHS);
deaths.addEventListener('message', (event) => {
  const { data: death } = event as unknown as { data: Death };
  if (death.of !== (workerData as ThreadData).lease) return;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  deaths.postMessage({ dies: death.of });
  const end = performance.now() + DEAF_MS;
  while (performance.now() < end);
  if (death.by === 'exit') process.exit(3);
  if (death.by === 'out of memory') fillHeap();
  throw new Error('a fault of the thread');
});
deaths.unref();
