import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** How a task must come to its end. `retried`: attempts that fail and are followed by another. */
export interface Expected {
  readonly state: 'completed' | 'failed';
  readonly retried: number;
}

/** What processes note of themselves. `at`: microseconds of the machine's steady clock, the same for all processes. */
export type ProcessEvent =
  /** A handler was called. */
  | { event: 'start'; at: number; task: string; attempt: number }
  /** It ended: did its work, threw on purpose, or gave up because its signal was aborted. */
  | { event: 'end'; at: number; task: string; attempt: number; how: 'done' | 'threw' | 'aborted' }
  /** `queue()` resolved, or the transaction that it was called in has committed. `key`: names the task, see `process/setup.ts`. */
  | { event: 'acknowledged'; at: number; task: string; key: string; expected: Expected }
  /** Enqueued in a transaction that is about to be rolled back. */
  | { event: 'rolled-back'; at: number; task: string }
  /** `cancel()` resolved to a task that is cancelled. */
  | { event: 'cancelled'; at: number; task: string }
  /** A call was rejected; nothing is promised of it. */
  | { event: 'refused'; at: number; error: string }
  /** It was started at `from` and works: its heart begins to beat about now. */
  | { event: 'booted'; at: number; from: number }
  /** The process noticed that the machine had not let it run since `from`. */
  | { event: 'stalled'; at: number; from: number };

/** What the harness notes of what it does to them. `process` is null where it concerns all. */
export type HarnessEvent =
  | { event: 'born'; at: number; process: string }
  | { event: 'gone'; at: number; process: string; how: 'killed' | 'terminated' | 'died' }
  | { event: 'fault'; at: number; until: number; fault: string; process: string | null };

export type Entry = (ProcessEvent & { readonly process: string }) | HarnessEvent;

/** Microseconds of the machine's steady clock. */
export function steadyNow(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

const HARNESS = 'harness';

/** One file a process, only ever appended to: what was noted before a kill is there. */
export class LedgerWriter<Event extends ProcessEvent | HarnessEvent> {
  private readonly descriptor: number;

  /** @param name of the process, which names the file */
  constructor(folder: string, name: string) {
    this.descriptor = openSync(join(folder, `${name}.jsonl`), 'a');
  }

  static ofHarness(folder: string): LedgerWriter<HarnessEvent> {
    return new LedgerWriter(folder, HARNESS);
  }

  write(event: Event): void {
    writeSync(this.descriptor, `${JSON.stringify(event)}\n`);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** Everything that all of them noted, in the order of time. */
export function readLedger(folder: string): Entry[] {
  const entries: Entry[] = [];
  for (const file of readdirSync(folder)) {
    const name = file.replace(/\.jsonl$/, '');
    const lines = readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1);
    for (const line of lines) {
      const event = JSON.parse(line) as ProcessEvent | HarnessEvent;
      entries.push((name === HARNESS ? event : { ...event, process: name }) as Entry);
    }
  }
  return entries.sort((one, other) => one.at - other.at);
}
