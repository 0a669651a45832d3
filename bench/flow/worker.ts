// A process of the bench that runs tasks whose handlers do nothing, and says when they began.
import { openEngine } from './engine.js';
import { QUEUE, type WorkerReport, type WorkerSetup } from './setup.js';

const LOOK_EVERY_MS = 20;

const { file, concurrency, rateLimit, flow, idleMs, forMs } = JSON.parse(process.argv[2]!) as WorkerSetup;
const engine = await openEngine(file, flow);
process.send!('ready');
await new Promise((resolve) => process.once('message', resolve));

const starts: number[] = [];
const begun = Date.now();
const consumer = await engine.delivering.consume(QUEUE, { concurrency, priority: 0, rateLimit }, () => {
  starts.push(Date.now());
  return Promise.resolve({ kind: 'completed', maxAttempts: 1, keepFor: null });
});
const isOver = (now: number): boolean => now - begun > forMs || now - (starts.at(-1) ?? begun) > idleMs;
while (!isOver(Date.now())) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
await consumer.close(10_000);
await engine.close();
process.send!({ starts } satisfies WorkerReport, () => process.exit(0));
