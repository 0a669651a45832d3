import { Worker } from 'node:worker_threads';
import { type LedgerWriter, type ProcessEvent, steadyNow } from '../ledger.js';

/**
 * Notes, in a thread of its own, times at which the machine did not let the process run: stopped by a signal, or starved.
 * An attempt that is lost then was lost with cause.
 */
const WATCH = `
  const { workerData } = require('node:worker_threads');
  const { openSync, writeSync } = require('node:fs');
  const file = openSync(workerData.file, 'a');
  const now = () => Number(process.hrtime.bigint() / 1000n);
  let last = now();
  setInterval(() => {
    const at = now();
    if (at - last > workerData.longest * 1000) {
      writeSync(file, JSON.stringify({ event: 'stalled', at, from: last }) + '\\n');
    }
    last = at;
  }, workerData.longest / 5);
`;

/**
 * @param file of the ledger
 * @param longest milliseconds between two signs of life that are still fine
 */
export function watchForStalls(file: string, longest: number): void {
  new Worker(WATCH, { eval: true, workerData: { file, longest }, execArgv: [] }).unref();
}

/** The same of the event loop, for engines that renew their leases on it. */
export function watchEventLoop(ledger: LedgerWriter<ProcessEvent>, longest: number): void {
  let last = steadyNow();
  setInterval(() => {
    const at = steadyNow();
    if (at - last > longest * 1_000) ledger.write({ event: 'stalled', at, from: last });
    last = at;
  }, longest / 5).unref();
}
