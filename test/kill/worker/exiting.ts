// A process whose thread waits for a lock all the time, in vain, and that exits in the middle of it. See ../exiting.spec.ts.
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { ExitGate } from '../../../lib/engine/sqlite/thread/exit-gate.js';

/** Long beside all else that the thread does. */
const WAITS_MS = 200;

interface Shared {
  readonly file: string;
  readonly buffer: SharedArrayBuffer;
}

if (isMainThread) {
  const [file, code, gated] = process.argv.slice(2);
  const gate = new ExitGate();
  if (gated === 'gated') gate.watch();
  const shared: Shared = { file: file!, buffer: gate.buffer };
  const thread = new Worker(fileURLToPath(import.meta.url), { workerData: shared });
  thread.once('message', () => process.exit(Number(code)));
} else {
  const app = parentPort!;
  const { file, buffer } = workerData as Shared;
  const gate = new ExitGate(buffer);
  const database = new Database(file, { timeout: WAITS_MS });
  const begin = database.prepare('BEGIN IMMEDIATE');
  const ask = (): void => {
    gate.pass(() => {
      app.postMessage('asks');
      try {
        begin.run();
      } catch {
        // The lock is another's all the time.
      }
    });
    setImmediate(ask);
  };
  ask();
}
