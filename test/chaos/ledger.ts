import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** What a caller asked for. */
export interface Asked {
  readonly name: string;
  /** JSON text. */
  readonly params: string;
  readonly priority: number;
  /** Not to run before this time of the caller's own clock, in milliseconds; null: at once. */
  readonly dueAt: number | null;
}

/** What processes note of themselves. `at`: microseconds of the machine's steady clock, the same for all processes. */
export type ProcessEvent =
  /** A handler was called, with `params`: JSON text, or null for a task of a schedule. `clock`: milliseconds of its process's own clock. */
  | {
      event: 'start';
      at: number;
      task: string;
      attempt: number;
      name: string;
      params: string | null;
      clock: number;
    }
  /** It ended: did its work, threw on purpose, or gave up because its signal was aborted. */
  | { event: 'end'; at: number; task: string; attempt: number; how: 'done' | 'threw' | 'aborted' }
  /**
   * `queue()`, which was called at `from`, resolved, or the transaction that it was called in has committed. `relayed`: the
   * task is in the outbox of the app's database and not yet in the store.
   */
  | { event: 'acknowledged'; at: number; from: number; task: string; asked: Asked; relayed: boolean }
  /** Enqueued in a transaction that is about to be rolled back. */
  | { event: 'rolled-back'; at: number; task: string }
  /** `cancel()` is about to be called. */
  | { event: 'cancelling'; at: number; task: string }
  /** It resolved to a task that is cancelled. */
  | { event: 'cancelled'; at: number; task: string }
  /** A call was rejected; nothing is promised of it. */
  | { event: 'refused'; at: number; error: string }
  /** The library warned of something other than how a task ended. */
  | { event: 'said'; at: number; text: string }
  /** A queue is about to be paused, was paused, is about to be resumed, was resumed. */
  | { event: 'pausing' | 'paused' | 'resuming' | 'resumed'; at: number; queue: string }
  /** From now on the clock of the process says `offset` milliseconds more than that of the machine, which says `now`. */
  | { event: 'clock'; at: number; now: number; offset: number }
  /** It was started at `from` and is ready, with workers or without: the heart of one that `works` begins to beat about now. */
  | { event: 'booted'; at: number; from: number; works: boolean }
  /** A task ends the process in this moment. */
  | { event: 'gone'; at: number; how: 'poisoned' }
  /** The process noticed that the machine had not let it run since `from`. */
  | { event: 'stalled'; at: number; from: number };

/** What the harness notes of what it does to them. `process` is null where it concerns all. */
export type HarnessEvent =
  | { event: 'born'; at: number; process: string }
  | { event: 'gone'; at: number; process: string; how: 'killed' | 'terminated' | 'died' }
  /** One that was terminated is gone in fact: until then its duties go on, by its clock. */
  | { event: 'exited'; at: number; process: string }
  | { event: 'fault'; at: number; until: number; fault: string; process: string | null }
  | { event: 'resuming' | 'resumed'; at: number; queue: string; process: null };

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
