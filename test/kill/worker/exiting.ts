// A process whose thread waits for a lock all the time, in vain, and that exits in the middle of it. See ../exiting.spec.ts.
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
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
  new Worker(fileURLToPath(import.meta.url), { workerData: shared });
  const asks = new Int32Array(gate.buffer, Int32Array.BYTES_PER_ELEMENT);
  setInterval(() => {
    if (Atomics.load(asks, 0) === 1) process.exit(Number(code));
  }, 1);
} else {
  const { file, buffer } = workerData as Shared;
  const gate = new ExitGate(buffer);
  const database = new Database(file, { timeout: WAITS_MS });
  const begin = database.prepare('BEGIN IMMEDIATE');
  const ask = (): void => {
    gate.pass(() => {
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
